/* SPDX-License-Identifier: MIT */
/*
 * Where the library keeps the figures of its heap, for readers in another process (`ashlar stats PID`).
 *
 * The library has an ELF note, section .note.ashlar, owner "Ashlar", type ASHLAR_NOTE_TABLES. Its descriptor
 * is a struct ashlar_note. That leads to one struct ashlar_tables in the library's data, which leads to all
 * else. Read the note in the memory of the running process: the file may have been replaced since.
 *
 * Every pointer here is an address in that process. Null means that this library has no such thing. A reading
 * does not stop the process. It loads the figures one after the other, and each is right for some moment.
 * Figures of one process_vm_readv are a few microseconds apart. A reading takes four such calls:
 *   1. struct ashlar_tables;
 *   2. the single figures, the class table, `ended`, `shard_bins`, `shard_mixed`, which never move;
 *   3. bins and mixed slabs of each shard, and the caches, at addresses from call 2;
 *   4. the stacks of each thread, at addresses from the caches. The memory of a thread that has ended may be
 *      gone: process_vm_readv stops there, and the reader continues with the next.
 *
 * A program's blocks of a size class have left the bins and mixed slabs, and are not in stacks:
 *   live = sum over shards of blocks_out, and the mixed slabs' share, less sum over threads of cached blocks
 *   cached = (top - empty) / 8 + capacity - (full - empty) / 8, of 16-bit numbers that may wrap
 */
#ifndef ASHLAR_STATISTICS_LAYOUT_H
#define ASHLAR_STATISTICS_LAYOUT_H

#include <stdint.h> /* NOLINT(modernize-deprecated-headers): C includes this */

#define ASHLAR_NOTE_OWNER "Ashlar"
#define ASHLAR_NOTE_TABLES 1

/* If the number differs, the structures below mean something else. New fields at the end of a structure only
 * change its size. */
#define ASHLAR_TABLES_VERSION 1

/* The note's descriptor, aligned to 4 bytes. */
struct ashlar_note {
    uint32_t version; /* ASHLAR_TABLES_VERSION */
    uint32_t size;    /* bytes of struct ashlar_tables */
    int64_t tables;   /* its place, counted from the first byte of this structure */
};

/* An address in the process that is read. The comment names the array or structure there. The other types are
 * addresses of numbers with 64 or 32 bits. */
/* NOLINTBEGIN(modernize-use-using): C includes this */
typedef const void* ashlar_at;
typedef ashlar_at ashlar_at_u64;
typedef ashlar_at ashlar_at_i64;
typedef ashlar_at ashlar_at_u32;
/* NOLINTEND(modernize-use-using) */

/* A size class. Class 0 has no blocks. */
struct ashlar_class_row {
    uint32_t size;           /* bytes of a block */
    uint32_t blocks;         /* blocks of a slab */
    uint16_t slices;         /* 64 KiB slices of a slab: 1, 2 or 4; the slab starts at a multiple of that */
    uint16_t cache_counters; /* offset in a cache: struct ashlar_cache_counters */
    uint32_t reserved;
};

/* Counts of one size class. */
struct ashlar_class_counters {
    uint64_t refills;      /* times that a stack was filled from slabs */
    uint64_t flushes;      /* times that blocks of a stack were returned to slabs */
    uint64_t remote_frees; /* blocks returned to another shard */
    uint64_t allocations;  /* blocks handed out, with the setting count:true */
    uint64_t releases;     /* blocks taken back, with the setting count:true */
};

/* Counts of one thread. When one passes 2^32, that much is added in `ended`. */
struct ashlar_cache_counters {
    uint32_t refills;
    uint32_t flushes;
    uint32_t remote_frees;
    uint32_t allocations;
    uint32_t releases;
    uint32_t reserved; /* any number */
};

/* Events in the process so far. */
struct ashlar_event_counters {
    uint64_t purges;         /* calls that returned memory to the system */
    uint64_t purged_bytes;   /* bytes that these calls returned */
    uint64_t growths;        /* times that superslabs were opened */
    uint64_t fallback_calls; /* requests that the heap passed on to the next malloc */
};

/* Counts of the heap's own locks of one kind. 0 without the setting count:true. */
#define ASHLAR_LOCK_NAME_BYTES 16
struct ashlar_lock_counters {
    uint64_t acquisitions;
    uint64_t contended;   /* acquisitions that had to wait */
    uint64_t wait_ns;     /* ns of all waits */
    uint64_t wait_max_ns; /* ns of the longest wait */
};

struct ashlar_tables {
    uint32_t version;          /* ASHLAR_TABLES_VERSION */
    uint32_t size;             /* bytes of this structure */
    char library_version[24];  /* "1.2.3" */
    uint32_t hardened;         /* 1: libashlar-hardened.so */
    uint32_t classes;          /* 67, class 0 included */
    uint32_t slice_bytes;      /* 65536; a "slice" in the comments below */
    uint32_t superslab_slices; /* 32 */

    /* ---- Single figures ---------------------------------------------------------------------------- */

    ashlar_at_u64 window_base;         /* address of slice 0; 2^63 until the heap opens */
    ashlar_at_u64 window_in_use;       /* units of 16 bytes from there to the end of the last superslab */
    ashlar_at_u32 window_slices;       /* slices that the window may have, slice 0 included; 0: no window */
    ashlar_at_u64 superslabs;          /* superslabs that are open now */
    ashlar_at_u64 slices_in_use;       /* of slabs and large blocks, and of runs that threads keep */
    ashlar_at_u64 large_slices;        /* those of large blocks and kept runs */
    ashlar_at_u64 dirty_slices;        /* free, not returned to the system */
    ashlar_at_i64 absent_bytes;        /* pages of slabs that were returned to the system one by one */
    ashlar_at_u32 shards;              /* shards in use: 1 to this number */
    ashlar_at_u64 threads;             /* live thread caches */
    ashlar_at_u32 caches;              /* entries of the cache table that were ever used */
    ashlar_at_u64 waiting_large_bytes; /* hardened library: of released large blocks that wait */
    ashlar_at events;                  /* struct ashlar_event_counters */
    ashlar_at_u64 ended_refill_ticks;  /* see cache_refill_ticks; of ended threads */

    /* ---- Tables of the heap: the address of the address, and bytes mapped from there on --------------- */

    ashlar_at_u64 headers_start; /* uint16_t per slice: class | shard << 8, see below */
    ashlar_at_u64 headers_bytes;
    ashlar_at_u64 descriptors_start; /* descriptor_stride bytes per slice */
    ashlar_at_u64 descriptors_bytes;
    ashlar_at_u64 states_start; /* groups of 64 superslabs, group_stride bytes each */
    ashlar_at_u64 states_bytes;
    ashlar_at_u64 caches_start; /* cache_stride bytes per thread */
    ashlar_at_u64 caches_bytes;
    ashlar_at_u64 pool_start; /* bitmaps, bins, deep stacks */
    ashlar_at_u64 pool_bytes;
    ashlar_at_u64 live_table_start; /* hardened library: a byte per 16 bytes of the heap */
    ashlar_at_u64 live_table_bytes;

    /* ---- Size classes ------------------------------------------------------------------------------- */

    ashlar_at class_rows; /* struct ashlar_class_row [classes] */
    ashlar_at ended;      /* struct ashlar_class_counters [classes], of ended threads */

    /* ---- Shards: one bin per class -------------------------------------------------------------------- */

    ashlar_at_u64 shard_bins;  /* [256], by shard: the address of its bins, from class 1 on; or 0 */
    ashlar_at_u64 shard_mixed; /* [256], by shard: the address of its mixed slabs; or 0 */
    uint32_t bin_stride;
    uint32_t bin_blocks_out;   /* offset, uint64_t: blocks in use and in caches */
    uint32_t bin_slabs;        /* offset, uint32_t */
    uint32_t mixed_size;       /* bytes of all following fields of the mixed slabs */
    uint32_t mixed_bytes_out;  /* offset, uint64_t: bytes of blocks in use and in caches */
    uint32_t mixed_uses;       /* offset, [classes] with mixed_use_stride: uint32_t blocks in use or */
    uint32_t mixed_use_stride; /* in caches */

    /* ---- Caches: a thread's cache --------------------------------------------------------------------- */

    uint32_t cache_stride;
    uint32_t cache_owner;           /* offset, uint64_t: the address of the thread's stacks; 0: no thread */
    uint32_t cache_capacity;        /* offset, [classes] with cache_capacity_stride: uint16_t entries */
    uint32_t cache_capacity_stride; /* of the stack */
    uint32_t cache_run_slices;      /* offset, uint32_t: slices of large runs that the thread keeps */
    uint32_t cache_refill_ticks;    /* offset, uint64_t: time in refills; ticks of the time-stamp counter */

    /* ---- Stacks: in the thread's own memory ------------------------------------------------------------ */

    uint32_t stacks_size;
    uint32_t stacks_tops; /* offset, [classes] uint64_t: address behind the last local block */
    uint32_t stacks_ends; /* offset, [classes] {uint16_t empty, full}: low bits of the ends' addresses */
    /* An array is shorter than 32 KiB. Its blocks begin at `empty`, and cache_capacity counts from there. The
     * top may lie one entry below for a moment: then the stack has no local block. */

    /* ---- Slab descriptors, by the slab's first slice --------------------------------------------------- */

    uint32_t descriptor_stride;
    uint32_t slab_words;  /* offset, uint64_t: address of the bitmap; bit i: block i is free */
    uint32_t slab_freed;  /* offset, uint16_t: bits that are set */
    uint32_t slab_fresh;  /* offset, uint16_t: blocks from here on were never handed out, and are free too */
    uint32_t slab_purged; /* offset, uint64_t: bit i: the i-th 4 KiB of the slab are purged */
    uint32_t mixed_slab_maps;   /* offset, uint64_t: address of two bitmaps of the slice's 4096 units of 16 */
                                /* bytes: units in use, and units at which a block starts */
    uint32_t mixed_slab_used;   /* offset, uint16_t: units in use */
    uint32_t large_slices_here; /* offset, uint32_t: slices of the large block */

    /* ---- States of superslabs: bit i of a mask is slice i ---------------------------------------------- */

    uint32_t group_stride;
    uint32_t group_states; /* offset of 64 states */
    uint32_t state_stride;
    uint32_t state_free;  /* offset, uint32_t: free slices */
    uint32_t state_dirty; /* offset, uint32_t: free slices not returned to the system */

    /* ---- The profiler ------------------------------------------------------------------------------- */

    ashlar_at_u32 profile_control; /* ASHLAR_PROFILE_..., also written from outside; hardened library: null */
    ashlar_at profile_request; /* struct ashlar_profile_request, written from outside before the word above */
    ashlar_at profile_answer;  /* struct ashlar_profile_answer */

    /* ---- The heap's own locks ------------------------------------------------------------------------ */

    ashlar_at locks;      /* struct ashlar_lock_counters [lock_kinds] */
    ashlar_at lock_names; /* char [lock_kinds][ASHLAR_LOCK_NAME_BYTES], each with its NUL */
    uint32_t lock_kinds;
    uint32_t reserved;
};

/* How to record. Another process writes `number` last, and then ASHLAR_PROFILE_RECORD into the word above.
 * The process obeys when a thread has requested 512 KiB more. A number other than the last one taken makes a
 * new request. The process then ends its recording and begins a file for the request. Its own starts (by a
 * signal or the program) ignore requests. A forked child does not continue a recording that was requested
 * from outside. */
#define ASHLAR_PROFILE_PLACE_BYTES 512
struct ashlar_profile_request {
    uint32_t number;                        /* any number but the answer's */
    uint32_t cpu;                           /* samples per second of a thread's CPU time; 0: the setting's */
    uint64_t rate;                          /* mean bytes between two samples; 0: the setting's */
    uint64_t limit;                         /* bytes of the file, at most; 0: the setting's */
    char place[ASHLAR_PROFILE_PLACE_BYTES]; /* folder, with its NUL; empty: the setting's */
};

/* The last file that was begun, in whatever way, and the results of requests. `number` is written last. */
struct ashlar_profile_answer {
    uint32_t number;   /* number of the last request taken; 0: none yet */
    uint32_t error;    /* errno of creating the file; or 0 */
    uint32_t asked;    /* 1: the file is for that request; 0: the process started it itself */
    uint32_t reserved; /* 0 */
    char path[ASHLAR_PROFILE_PLACE_BYTES]; /* absolute, with its NUL; empty: none yet */
};

#define ASHLAR_PROFILE_OFF 0 /* nothing is recorded; also written if recording is not possible */
#define ASHLAR_PROFILE_RECORD 1
#define ASHLAR_PROFILE_PAUSE 2
#define ASHLAR_PROFILE_STOP 3     /* becomes ASHLAR_PROFILE_OFF */
#define ASHLAR_PROFILE_DUMP 0x100 /* added to the others: one dump */

/* Meaning of a slice's header with class 0, by its shard. */
#define ASHLAR_SLICE_NOT_OURS 0       /* no mapping of the heap */
#define ASHLAR_SLICE_NO_BLOCK 1       /* free, or not the first slice of a large block */
#define ASHLAR_SLICE_LARGE 2          /* the first slice of a large block; its other slices say 1 */
#define ASHLAR_SLICE_FENCE 3          /* inaccessible; hardened library */
#define ASHLAR_SLICE_FENCE_CHANGING 4 /* inaccessible; hardened library */
#define ASHLAR_SLICE_SAMPLED                                                                                 \
    5 /* a mixed slab of no shard, for sampled blocks. For each of them a block of its class stays           \
       * unused in a slab. Its mixed slabs are entry 0 of shard_mixed. */
#define ASHLAR_SLICE_MIXED 6 /* and above: a mixed slab of shard 1 and above */

#endif
