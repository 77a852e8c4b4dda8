/* SPDX-License-Identifier: MIT */
/*
 * Where the library keeps what it knows of its heap, for readers in another process (`ashlar stats PID`).
 *
 * The library has an ELF note, section .note.ashlar, owner "Ashlar", type ASHLAR_NOTE_TABLES. Its descriptor
 * is a struct ashlar_note, which leads to one struct ashlar_tables in the library's data, and that to all
 * else. Read the note in the memory of the running process: the file may have been replaced since.
 *
 * Every pointer here is an address in that process; null means that this library has no such thing. Nothing
 * stops the process: figures are loaded one after the other, each is right for some moment. What is read with
 * one process_vm_readv holds together to a few microseconds. A reading takes four such calls:
 *   1. struct ashlar_tables;
 *   2. the single figures, the class table, `ended`, `shard_bins`, `shard_mixed`, which never move;
 *   3. bins and mixed slabs of each shard, and the caches, whose addresses 2. told;
 *   4. the stacks of each thread, whose addresses the caches told. A thread may have ended meanwhile, and its
 *      memory be gone: process_vm_readv then stops there, and goes on with the next.
 *
 * What a program holds of a size class is what left its bins and mixed slabs, less what stands in stacks:
 *   live = sum over shards of blocks_out, and the mixed slabs' share, less sum over threads of cached blocks
 *   cached = (top - empty) / 8 + capacity - (full - empty) / 8, of 16-bit numbers that may wrap
 */
#ifndef ASHLAR_STATISTICS_LAYOUT_H
#define ASHLAR_STATISTICS_LAYOUT_H

#include <stdint.h> /* NOLINT(modernize-deprecated-headers): C includes this */

#define ASHLAR_NOTE_OWNER "Ashlar"
#define ASHLAR_NOTE_TABLES 1

/* Another number than this: the structures below mean something else. Fields that are added at the end of a
 * structure change its size only. */
#define ASHLAR_TABLES_VERSION 1

/* The note's descriptor. Aligned to 4. */
struct ashlar_note {
    uint32_t version; /* ASHLAR_TABLES_VERSION */
    uint32_t size;    /* of struct ashlar_tables */
    int64_t tables;   /* where it is, counted from the first byte of this structure */
};

/* The address of something in the process that is read. It is an array or structure that the comment names,
 * or a number of 64 or 32 bits. */
/* NOLINTBEGIN(modernize-use-using): C includes this */
typedef const void* ashlar_at;
typedef ashlar_at ashlar_at_u64;
typedef ashlar_at ashlar_at_i64;
typedef ashlar_at ashlar_at_u32;
/* NOLINTEND(modernize-use-using) */

/* A size class. Class 0 has no blocks. */
struct ashlar_class_row {
    uint32_t size;           /* bytes of a block */
    uint32_t blocks;         /* in a slab */
    uint16_t slices;         /* of a slab, 1, 2 or 4 slices of 64 KiB; it starts at a multiple of that */
    uint16_t cache_counters; /* offset in a cache: of struct ashlar_cache_counters */
    uint32_t reserved;
};

/* What threads did, by class. */
struct ashlar_class_counters {
    uint64_t refills;      /* times that a stack was filled from slabs */
    uint64_t flushes;      /* times that blocks of a stack went back to slabs */
    uint64_t remote_frees; /* blocks sent home to another shard */
    uint64_t allocations;  /* with the setting count:true */
    uint64_t releases;     /* likewise */
};

/* Likewise, of one thread; when a number passes 2^32 that much is added in `ended`. */
struct ashlar_cache_counters {
    uint32_t refills;
    uint32_t flushes;
    uint32_t remote_frees;
    uint32_t allocations;
    uint32_t releases;
    uint32_t reserved; /* any number */
};

/* What happened in the process so far. */
struct ashlar_event_counters {
    uint64_t purges;         /* calls that gave memory back to the system */
    uint64_t purged_bytes;   /* by these */
    uint64_t growths;        /* times that superslabs were opened */
    uint64_t fallback_calls; /* requests that the heap passed on to the malloc behind it */
};

/* What threads did with the heap's own locks of one kind. With the setting count:true, otherwise 0. */
#define ASHLAR_LOCK_NAME_BYTES 16
struct ashlar_lock_counters {
    uint64_t acquisitions;
    uint64_t contended;   /* that had to wait */
    uint64_t wait_ns;     /* all together */
    uint64_t wait_max_ns; /* the longest */
};

struct ashlar_tables {
    uint32_t version;          /* ASHLAR_TABLES_VERSION */
    uint32_t size;             /* of this structure */
    char library_version[24];  /* "1.2.3" */
    uint32_t hardened;         /* 1: libashlar-hardened.so */
    uint32_t classes;          /* 67, class 0 included */
    uint32_t slice_bytes;      /* 65536, a "slice" of all that follows */
    uint32_t superslab_slices; /* 32 */

    /* ---- Single figures ---------------------------------------------------------------------------- */

    ashlar_at_u64 window_base;         /* address of slice 0; 2^63 until the heap opens */
    ashlar_at_u64 window_in_use;       /* bytes from there to the end of the last superslab, in sixteenths */
    ashlar_at_u32 window_slices;       /* slices the window may have, slice 0 included; 0: no window */
    ashlar_at_u64 superslabs;          /* open now */
    ashlar_at_u64 slices_in_use;       /* slabs' and large blocks', with runs that threads keep */
    ashlar_at_u64 large_slices;        /* of them, large blocks' and kept runs' */
    ashlar_at_u64 dirty_slices;        /* free, not given back */
    ashlar_at_i64 absent_bytes;        /* of slabs' pages, given back to the system one by one */
    ashlar_at_u32 shards;              /* in use: 1 to this number */
    ashlar_at_u64 threads;             /* live caches */
    ashlar_at_u32 caches;              /* entries of the cache table that were ever used */
    ashlar_at_u64 waiting_large_bytes; /* hardened library: released large blocks that wait */
    ashlar_at events;                  /* struct ashlar_event_counters */
    ashlar_at_u64 ended_refill_ticks;  /* see cache_refill_ticks; of threads that ended */

    /* ---- Tables of the heap: the address of the address, and bytes mapped from there on --------------- */

    ashlar_at_u64 headers_start; /* uint16_t for each slice: class | shard << 8, see below */
    ashlar_at_u64 headers_bytes;
    ashlar_at_u64 descriptors_start; /* descriptor_stride bytes for each slice */
    ashlar_at_u64 descriptors_bytes;
    ashlar_at_u64 states_start; /* groups of 64 superslabs, group_stride bytes each */
    ashlar_at_u64 states_bytes;
    ashlar_at_u64 caches_start; /* cache_stride bytes for each thread */
    ashlar_at_u64 caches_bytes;
    ashlar_at_u64 pool_start; /* bitmaps, bins, deep stacks */
    ashlar_at_u64 pool_bytes;
    ashlar_at_u64 live_table_start; /* the hardened library's; a byte for each 16 bytes of the heap */
    ashlar_at_u64 live_table_bytes;

    /* ---- Size classes ------------------------------------------------------------------------------- */

    ashlar_at class_rows; /* struct ashlar_class_row [classes] */
    ashlar_at ended;      /* struct ashlar_class_counters [classes], of threads that ended */

    /* ---- Shards: a bin for each class ---------------------------------------------------------------- */

    ashlar_at_u64 shard_bins;  /* [256], by shard: the address of its bins, the first is of class 1; or 0 */
    ashlar_at_u64 shard_mixed; /* [256], by shard: the address of its mixed slabs; or 0 */
    uint32_t bin_stride;
    uint32_t bin_blocks_out;   /* offset, uint64_t: blocks in use and in caches */
    uint32_t bin_slabs;        /* offset, uint32_t */
    uint32_t mixed_size;       /* bytes, of all that follows here */
    uint32_t mixed_bytes_out;  /* offset, uint64_t: bytes of blocks in use and in caches */
    uint32_t mixed_uses;       /* offset, [classes] with mixed_use_stride: uint32_t blocks in use and in */
    uint32_t mixed_use_stride; /* caches */

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
    /* An array is shorter than 32 KiB. `empty` is where its blocks begin, and cache_capacity counts from
     * there. For a moment the top may lie one entry below: then the stack has no local block. */

    /* ---- Slab descriptors, by the slab's first slice --------------------------------------------------- */

    uint32_t descriptor_stride;
    uint32_t slab_words;        /* offset, uint64_t: address of the bitmap, bit i of it: block i is free */
    uint32_t slab_freed;        /* offset, uint16_t: bits that are set */
    uint32_t slab_fresh;        /* offset, uint16_t: blocks from here on were never handed out: free, too */
    uint32_t slab_purged;       /* offset, uint64_t: bit i: the i-th 4 KiB of the slab were given back */
    uint32_t mixed_slab_maps;   /* offset, uint64_t: address of two bitmaps of the slice's 4096 units of 16 */
                                /* bytes: those in use, and those that a block starts with */
    uint32_t mixed_slab_used;   /* offset, uint16_t: units in use */
    uint32_t large_slices_here; /* offset, uint32_t: slices of the large block */

    /* ---- States of superslabs: bit i of a mask is slice i ---------------------------------------------- */

    uint32_t group_stride;
    uint32_t group_states; /* offset of 64 states */
    uint32_t state_stride;
    uint32_t state_free;  /* offset, uint32_t: free slices */
    uint32_t state_dirty; /* offset, uint32_t: of them, those that were not given back */

    /* ---- The profiler ------------------------------------------------------------------------------- */

    ashlar_at_u32 profile_control; /* what it is to do, ASHLAR_PROFILE_..., and may be written from outside.
                                    * The process obeys when a thread has asked for 512 KiB more. Not in the
                                    * hardened library: null */
    ashlar_at profile_request; /* struct ashlar_profile_request: written from outside, then the word above */
    ashlar_at profile_answer;  /* struct ashlar_profile_answer */

    /* ---- The heap's own locks ------------------------------------------------------------------------ */

    ashlar_at locks;      /* struct ashlar_lock_counters [lock_kinds] */
    ashlar_at lock_names; /* char [lock_kinds][ASHLAR_LOCK_NAME_BYTES], each with its NUL */
    uint32_t lock_kinds;
    uint32_t reserved;
};

/* How to record. Write `number` last, and then ASHLAR_PROFILE_RECORD into the word above. A number that is
 * not the last one that was taken makes a new request. The process ends what it records and begins a file for
 * it. Its own starts (by a signal or the program) do not look at it. A forked child does not go on with what
 * was asked for from outside. */
#define ASHLAR_PROFILE_PLACE_BYTES 512
struct ashlar_profile_request {
    uint32_t number;                        /* any but the answer's */
    uint32_t cpu;                           /* samples in a second of a thread's CPU time; 0: the setting's */
    uint64_t rate;                          /* bytes between two samples, in the mean; 0: the setting's */
    uint64_t limit;                         /* bytes that the file may have; 0: the setting's */
    char place[ASHLAR_PROFILE_PLACE_BYTES]; /* folder, with its NUL; empty: the setting's */
};

/* The file that was begun last, in whatever way, and what became of requests. Not while sampling starts:
 * `number` is written last. */
struct ashlar_profile_answer {
    uint32_t number;                       /* of the last request that was taken; 0: none yet */
    uint32_t error;                        /* why the file could not be created, as errno has it; or 0 */
    uint32_t asked;                        /* 1: the file is for that request; 0: of a start of its own */
    uint32_t reserved;                     /* 0 */
    char path[ASHLAR_PROFILE_PLACE_BYTES]; /* absolute, with its NUL; empty: none yet */
};

#define ASHLAR_PROFILE_OFF 0 /* nothing is recorded, or it says that it was not possible */
#define ASHLAR_PROFILE_RECORD 1
#define ASHLAR_PROFILE_PAUSE 2
#define ASHLAR_PROFILE_STOP 3     /* becomes ASHLAR_PROFILE_OFF */
#define ASHLAR_PROFILE_DUMP 0x100 /* besides, for once */

/* What a slice's header says when its class is 0, by its shard. */
#define ASHLAR_SLICE_NOT_OURS 0       /* nothing of the heap's is mapped there */
#define ASHLAR_SLICE_NO_BLOCK 1       /* free, or not the first slice of a large block */
#define ASHLAR_SLICE_LARGE 2          /* the first slice of a large block; its tail says 1 */
#define ASHLAR_SLICE_FENCE 3          /* inaccessible; hardened library */
#define ASHLAR_SLICE_FENCE_CHANGING 4 /* likewise */
#define ASHLAR_SLICE_SAMPLED                                                                                 \
    5                        /* a mixed slab of no shard, with what a profiler samples. Blocks that stay     \
                              * unused stand for these in the slabs of their classes. Its mixed slabs are    \
                              * entry 0 of shard_mixed. */
#define ASHLAR_SLICE_MIXED 6 /* and above: a mixed slab of shard 1 and above */

#endif
