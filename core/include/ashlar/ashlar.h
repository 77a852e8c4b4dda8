/* SPDX-License-Identifier: MIT */
/*
 * Ashlar's public interface, in C, usable from C and C++.
 *
 * Two products offer it. The preload library `libashlar.so` replaces malloc and its family for the whole
 * process. It exports these declarations in the symbol version ASHLAR_1. A program that wants statistics or
 * control declares these functions weak, and tests whether they are present. The static library `libashlar.a`
 * defines only these declarations, so that a program may use Ashlar's heap beside the system's.
 *
 * Units are bytes unless a name says otherwise. Every function may be called from any thread at any time,
 * also from constructors and after main. As with malloc itself, a signal handler that may have interrupted
 * one of them must not call any. The caller owns a block until a thread passes it to ashlar_free or _realloc.
 *
 * A pointer that is no live block is reported on stderr in one line, and the process ends by abort(). In a
 * slice of 64 KiB without blocks this happens at once. Otherwise it happens when the thread's cache returns
 * the pointer to its slab. That is at a flush, at ashlar_malloc_trim, or when the thread ends; for the thread
 * that ends the process, at exit. A pointer that malloc hands out again before that is not found. A program
 * that frees a block twice and allocates twice right away gets the block twice.
 */
#ifndef ASHLAR_ASHLAR_H
#define ASHLAR_ASHLAR_H

#include <stddef.h> /* NOLINT(modernize-deprecated-headers): C includes this */

#ifdef __cplusplus
extern "C" {
#endif

#define ASHLAR_API __attribute__((visibility("default")))

/* ---- The malloc family. Every block is aligned to at least 16. ----------------------------------------- */

/* Returns a block, for `size` 0 a unique one. Null with ENOMEM if memory is short or size > PTRDIFF_MAX. */
ASHLAR_API void* ashlar_malloc(size_t size) __attribute__((malloc, alloc_size(1)));
/* Returns malloc(count * size), zeroed. ENOMEM also if the product overflows. */
ASHLAR_API void* ashlar_calloc(size_t count, size_t size) __attribute__((malloc, alloc_size(1, 2)));
/* Resizes a block. Null is malloc. Size 0 frees and returns null with errno unchanged. On failure the old
 * block is untouched. Growing within ashlar_malloc_usable_size never moves a block of ashlar_malloc. A block
 * moves to a smaller one if less than half of the old one would be used, after shrinking or because of its
 * alignment. */
ASHLAR_API void* ashlar_realloc(void* block, size_t size) __attribute__((alloc_size(2)));
/* Returns realloc(block, count * size). ENOMEM if the product overflows. */
ASHLAR_API void* ashlar_reallocarray(void* block, size_t count, size_t size)
    __attribute__((alloc_size(2, 3)));
/* Releases a block. Accepts null and blocks of the system's malloc as well. Keeps errno. */
ASHLAR_API void ashlar_free(void* block);
/* C23: release a block. `size` and `alignment` are as requested; the default build does not check them. */
ASHLAR_API void ashlar_free_sized(void* block, size_t size);
ASHLAR_API void ashlar_free_aligned_sized(void* block, size_t alignment, size_t size);
/* Returns an aligned block. EINVAL unless `alignment` is a power of two. `size` need be no multiple of it. */
ASHLAR_API void* ashlar_aligned_alloc(size_t alignment, size_t size) __attribute__((malloc, alloc_size(2)));
/* Does the same, but rounds `alignment` up to a power of two. EINVAL above SIZE_MAX / 2 + 1. */
ASHLAR_API void* ashlar_memalign(size_t alignment, size_t size) __attribute__((malloc, alloc_size(2)));
/* Returns 0, EINVAL or ENOMEM (then errno is set as well). On error *block is untouched. */
ASHLAR_API int ashlar_posix_memalign(void** block, size_t alignment, size_t size);
/* Return a block aligned to a page. pvalloc also rounds the size up to whole pages. */
ASHLAR_API void* ashlar_valloc(size_t size) __attribute__((malloc, alloc_size(1)));
ASHLAR_API void* ashlar_pvalloc(size_t size) __attribute__((malloc));
/* Returns the bytes of the block that may be used, at least as many as requested; 0 for null. */
ASHLAR_API size_t ashlar_malloc_usable_size(const void* block);

/* ---- Control and statistics --------------------------------------------------------------------------- */

/* Returns cached blocks to their slabs (which checks them) and free memory to the system. Takes blocks of the
 * calling thread, and with membarrier() of all other threads that are not in a slow path. `keep` is a hint:
 * free bytes to retain. Returns 1 if memory was returned to the system, else 0. */
ASHLAR_API int ashlar_malloc_trim(size_t keep);

/* Sets one "key:value" of ASHLAR_CONF (docs/configuration.md) at run time. Returns 0 or an error, without
 * setting errno. EINVAL: unknown key or bad value. EPERM: the key can only be set at start. ENOTSUP: only the
 * other library, default or hardened, has the key. */
ASHLAR_API int ashlar_control(const char* setting);

/* The contents of the heap. The figures are read one after the other while the program runs. Each is right
 * for some moment during the call, and sums may differ by what happened meanwhile. */
struct ashlar_statistics {
    size_t window;      /* addresses for blocks; they cost nothing */
    size_t committed;   /* mapped now, of `window` */
    size_t slabs;       /* in slabs of the size classes, and in large blocks that caches hold */
    size_t large;       /* in large blocks that the program holds, whole slices of 64 KiB */
    size_t dirty;       /* free, but not yet returned to the system */
    size_t allocated;   /* in blocks that the program holds (sizes of classes and slices, not of requests) */
    size_t cached;      /* in free blocks held by thread caches, large ones included */
    size_t metadata;    /* mapped for headers, slab descriptors, bitmaps and caches */
    size_t threads;     /* live thread caches */
    size_t shards;      /* shards ever used */
    size_t fallback;    /* in blocks of the next malloc; with libashlar.a: all blocks of the program there */
    int fallback_only;  /* 1: there is no window (or enabled:false); the fallback serves everything */
    int growth_blocked; /* 1: a foreign mapping stops the heap's growth; the fallback serves the rest */

    /* The heap's share of the process's RSS, which the kernel reports page by page: resident = allocated +
     * cached + free_resident + dirty_resident + metadata_resident - untouched. */
    size_t resident;
    size_t untouched;      /* of `allocated` and `cached`, not resident: never written to, or swapped out */
    size_t free_resident;  /* in slabs, free and in no cache */
    size_t free_absent;    /* in slabs, free, and returned to the system or never used */
    size_t dirty_resident; /* of `dirty`: some pages may not have been used */
    size_t clean;          /* free, and returned to the system or never used */
    size_t metadata_resident; /* of `metadata` */
    size_t residence_unknown; /* 1: the kernel does not tell; memory that may be resident is included */

    /* Events so far. A forked child continues its parent's counts. */
    size_t refills;        /* times that a thread cache took blocks from slabs */
    size_t flushes;        /* times that a thread cache returned blocks to slabs */
    size_t remote_frees;   /* blocks returned to another shard */
    size_t refill_ns;      /* nanoseconds of refills in all threads; 0 without count:true */
    size_t purges;         /* calls that returned memory to the system */
    size_t purged;         /* bytes that these calls returned */
    size_t growths;        /* times that the heap was extended */
    size_t fallback_calls; /* requests that the heap passed on to the next malloc */
    size_t allocations;    /* blocks of the size classes handed out; 0 without count:true */
    size_t releases;       /* blocks of the size classes taken back; 0 without count:true */
    size_t break_ups;      /* huge pages of which a part was returned: they are small pages now */
};
/* Fills *out. A program compiled with another version of this header has a structure of another size. In a
 * shorter one the existing fields are filled, in a longer one the rest is zero. Returns 0, or EINVAL if
 * `size` is less than that of the first version, 96. */
ASHLAR_API int ashlar_get_statistics(struct ashlar_statistics* out, size_t size);

/* The blocks of one size class. */
struct ashlar_class_statistics {
    size_t size;       /* bytes of a block */
    size_t live;       /* blocks that the program holds */
    size_t cached;     /* free blocks in thread caches */
    size_t free;       /* free blocks in slabs of the class */
    size_t slabs;      /* slabs of the class */
    size_t slab_bytes; /* bytes of these slabs */
    size_t refills;    /* these five: as above */
    size_t flushes;
    size_t remote_frees;
    size_t allocations;
    size_t releases;
};
/* Does the same for the class `number`, from 1 on; EINVAL also for others. The first version's size is 72. */
ASHLAR_API int ashlar_get_class_statistics(unsigned number, struct ashlar_class_statistics* out, size_t size);

/* The heap's own locks of one kind. All zero without the setting count:true. */
struct ashlar_lock_statistics {
    size_t acquisitions;
    size_t contended;   /* acquisitions that had to wait */
    size_t wait_ns;     /* nanoseconds of all waits */
    size_t wait_max_ns; /* nanoseconds of the longest wait */
};
/* Does the same for the kind `number`, from 1 on. The first version's size is 32. */
ASHLAR_API int ashlar_get_lock_statistics(unsigned number, struct ashlar_lock_statistics* out, size_t size);
/* Returns the name: "bins", "growth", ...; null if there is no such kind. Static storage. */
ASHLAR_API const char* ashlar_get_lock_name(unsigned number);

/* ---- The sampling profiler ----------------------------------------------------------------------------- */

/* Records which calls hold the heap's memory, in a file that `ashlar profile` reads. Samples are chosen at
 * random, one per `rate` requested bytes in the mean. libashlar-hardened.so has no profiler: all functions
 * return ENOTSUP. They do not set errno. */

/* Starts recording, continues it after a pause, and does nothing while it runs. `rate` 0: the setting's rate,
 * or 512 KiB. `place`: a folder for the file, or a path in which %p stands for the process number; null: the
 * setting's place, or /tmp. Another thread follows once it has requested 512 KiB. Returns 0, the error number
 * of creating the file, or EBUSY while another thread starts or stops. */
ASHLAR_API int ashlar_profile_start(size_t rate, const char* place);
/* Takes no new samples, but still records releases of existing ones. ENOENT if nothing is recorded. */
ASHLAR_API int ashlar_profile_pause(void);
/* Records what the heap holds now, and which free memory each sample pins. ENOENT as above. */
ASHLAR_API int ashlar_profile_dump(void);
/* Records a last dump and closes the file. ENOENT as above. */
ASHLAR_API int ashlar_profile_stop(void);

struct ashlar_profile_state {
    int recording;                /* 1: new samples are taken */
    int paused;                   /* 1: no samples are taken, but the file is open */
    int full;                     /* 1: the file has reached `profile_limit`, or the disk is full */
    size_t rate;                  /* mean bytes between two samples; 0: there is no file */
    unsigned long long samples;   /* in the open file, or in the last one */
    unsigned long long live;      /* estimate of bytes requested since the start and not released */
    unsigned long long allocated; /* estimate of all bytes requested since the start */
    unsigned long long written;   /* bytes of the open file */
    const char* path;             /* of the open file, or of the last one; empty: none. Static storage */
};
/* Fills *out. Returns 0, or EINVAL if `size` is not sizeof(struct ashlar_profile_state). */
ASHLAR_API int ashlar_profile_status(struct ashlar_profile_state* out, size_t size);

/* Returns 1 if the address lies in memory of Ashlar's heap, else 0 (null, stack, fallback blocks, ...). */
ASHLAR_API int ashlar_owns(const void* address);

/* Returns "major.minor.patch". Static storage. */
ASHLAR_API const char* ashlar_version(void);

#ifdef __cplusplus
}
#endif
#endif
