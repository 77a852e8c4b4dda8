/* SPDX-License-Identifier: MIT */
/*
 * Ashlar's public interface, in C, usable from C and C++.
 *
 * Two products offer it. The preload library `libashlar.so` replaces malloc and its family for the whole
 * process. It exports what is declared here in the symbol version ASHLAR_1. A program that wants to look or
 * to steer declares these functions weak and asks whether they are there. The static library `libashlar.a`
 * defines only what is declared here, so that a program may use Ashlar's heap beside the system's.
 *
 * Units are bytes unless a name says otherwise. Every function may be called from any thread at any time,
 * from constructors and after main too. As with malloc itself, none may be called from a signal handler that
 * could have interrupted another one. A block belongs to whoever received it until it is passed to
 * ashlar_free or ashlar_realloc, by any thread.
 *
 * Passing a pointer that is no live block is reported on stderr in one line and ends the process by abort().
 * If the pointer lies in a slice of 64 KiB without blocks, it is reported at once. Otherwise it is reported
 * when the thread's cache returns it to its slab. That is at a flush, at ashlar_malloc_trim, or when the
 * thread ends; for the thread that ends the process, at exit. A pointer that malloc hands out again before
 * that is not found. Who frees a block twice and allocates twice at once gets the block twice.
 */
#ifndef ASHLAR_ASHLAR_H
#define ASHLAR_ASHLAR_H

#include <stddef.h> /* NOLINT(modernize-deprecated-headers): C includes this */

#ifdef __cplusplus
extern "C" {
#endif

#define ASHLAR_API __attribute__((visibility("default")))

/* ---- The malloc family. Every block is aligned to at least 16. ----------------------------------------- */

/* `size` 0 gives a unique pointer. Null with errno = ENOMEM if memory is short or size > PTRDIFF_MAX. */
ASHLAR_API void* ashlar_malloc(size_t size) __attribute__((malloc, alloc_size(1)));
/* As malloc(count * size), zeroed; ENOMEM also if the product overflows. */
ASHLAR_API void* ashlar_calloc(size_t count, size_t size) __attribute__((malloc, alloc_size(1, 2)));
/* Null is malloc; size 0 frees and returns null with errno unchanged; on failure the old block is untouched.
 * Growing within ashlar_malloc_usable_size never moves a block of ashlar_malloc. A block of which less than
 * half would be in use, after shrinking or because its alignment made it large, moves to a smaller one.
 */
ASHLAR_API void* ashlar_realloc(void* block, size_t size) __attribute__((alloc_size(2)));
/* As realloc(block, count * size); ENOMEM if the product overflows. */
ASHLAR_API void* ashlar_reallocarray(void* block, size_t count, size_t size)
    __attribute__((alloc_size(2, 3)));
/* Accepts null and blocks of the system's malloc as well. Keeps errno. */
ASHLAR_API void ashlar_free(void* block);
/* As free; C23. `size`, `alignment` as they were asked for (not checked by the default build). */
ASHLAR_API void ashlar_free_sized(void* block, size_t size);
ASHLAR_API void ashlar_free_aligned_sized(void* block, size_t alignment, size_t size);
/* EINVAL unless `alignment` is a power of two; `size` need not be a multiple of it. */
ASHLAR_API void* ashlar_aligned_alloc(size_t alignment, size_t size) __attribute__((malloc, alloc_size(2)));
/* As aligned_alloc, but rounds `alignment` up to a power of two; EINVAL above SIZE_MAX / 2 + 1. */
ASHLAR_API void* ashlar_memalign(size_t alignment, size_t size) __attribute__((malloc, alloc_size(2)));
/* Returns 0, EINVAL or ENOMEM (then errno is set as well); on error *block is untouched. */
ASHLAR_API int ashlar_posix_memalign(void** block, size_t alignment, size_t size);
/* Aligned to a page; pvalloc also rounds the size up to whole pages. */
ASHLAR_API void* ashlar_valloc(size_t size) __attribute__((malloc, alloc_size(1)));
ASHLAR_API void* ashlar_pvalloc(size_t size) __attribute__((malloc));
/* The bytes of the block that may be used, at least what was asked for; 0 for null. */
ASHLAR_API size_t ashlar_malloc_usable_size(const void* block);

/* ---- Steering and seeing ------------------------------------------------------------------------------- */

/* Returns cached blocks to their slabs (which checks them) and free memory to the system. The blocks are the
 * calling thread's, and those of all others that are not in a slow path, if the kernel has membarrier().
 * `keep` is a hint of how many free bytes to retain. Returns 1 if memory was given back, else 0. */
ASHLAR_API int ashlar_malloc_trim(size_t keep);

/* Sets one "key:value" of ASHLAR_CONF (docs/configuration.md) at run time. Returns 0 or an error, and does
 * not set errno. EINVAL: an unknown key or a bad value. EPERM: the key only counts at start. ENOTSUP: the key is
 * the other library's (default or hardened). */
ASHLAR_API int ashlar_control(const char* setting);

/* What the heap holds. Figures are gathered one after the other while the program runs on. Each is right for
 * some moment during the call, and sums may differ by what happened meanwhile. */
struct ashlar_statistics {
    size_t window;     /* addresses that blocks may have; they cost nothing */
    size_t committed;  /* of it, mapped now */
    size_t slabs;      /* in slabs of the size classes, and in large blocks that caches hold */
    size_t large;      /* in large blocks that the program holds, whole slices of 64 KiB */
    size_t dirty;      /* free, but not yet given back to the system */
    size_t allocated;  /* in blocks that the program holds (classes' and slices' sizes, not requests) */
    size_t cached;     /* in free blocks held by thread caches, large ones included */
    size_t metadata;   /* headers, slab descriptors, bitmaps, caches: bytes mapped */
    size_t threads;    /* live thread caches */
    size_t shards;     /* shards ever used */
    size_t fallback;   /* in blocks of the malloc behind Ashlar; with libashlar.a: all of the program's own */
    int fallback_only; /* 1: no window could be had (or enabled:false); everything goes to the fallback */
    int growth_blocked; /* 1: a mapping that is not Ashlar's lies where the heap's tables would grow: what the
                         * heap cannot hold goes to the fallback */

    /* The heap's part of the resident memory of the process (RSS), asked of the kernel page by page:
     * resident = allocated + cached + free_resident + dirty_resident + metadata_resident - untouched. */
    size_t resident;
    size_t untouched;      /* of `allocated` and `cached`, not resident: never written to, or swapped out */
    size_t free_resident;  /* in slabs, free and in no cache */
    size_t free_absent;    /* likewise, but given back to the system, or never used */
    size_t dirty_resident; /* of `dirty`: pages may have been used in part */
    size_t clean;          /* free, and given back or never used */
    size_t metadata_resident; /* of `metadata` */
    size_t residence_unknown; /* 1: the kernel does not tell; what may be resident counts as if it were */

    /* What happened so far; a forked child goes on from its parent's figures. */
    size_t refills;      /* times that a thread's cache took blocks from slabs */
    size_t flushes;      /* times that it gave some back */
    size_t remote_frees; /* blocks that went home to another shard */
    size_t refill_ns; /* with count:true, otherwise 0: nanoseconds that refills took, all threads together */
    size_t purges;    /* calls that gave memory back to the system */
    size_t purged;    /* bytes that they gave back */
    size_t growths;   /* times that the heap was extended */
    size_t fallback_calls; /* requests that the heap passed on to the malloc behind it */
    size_t allocations; /* with the setting count:true, otherwise 0: blocks of the size classes handed out */
    size_t releases;    /* likewise, taken back */
    size_t break_ups;   /* huge pages of which a part was given back: they are small ones now */
};
/* Fills *out. A program that was compiled with another version of this header has a structure of another
 * size. Of a shorter one the fields that it has are filled, of a longer one the rest is zero. Returns 0, or
 * EINVAL if `size` is less than that of the first version, 96. */
ASHLAR_API int ashlar_get_statistics(struct ashlar_statistics* out, size_t size);

/* Blocks of one size class. */
struct ashlar_class_statistics {
    size_t size;       /* bytes of a block */
    size_t live;       /* blocks that the program holds */
    size_t cached;     /* free blocks in thread caches */
    size_t free;       /* free blocks in slabs of the class */
    size_t slabs;      /* of the class */
    size_t slab_bytes; /* that these have */
    size_t refills;    /* as above */
    size_t flushes;
    size_t remote_frees;
    size_t allocations;
    size_t releases;
};
/* Likewise, of the class `number`, from 1 on. EINVAL, too, if there is no such class. The first
 * version's size is 72. */
ASHLAR_API int ashlar_get_class_statistics(unsigned number, struct ashlar_class_statistics* out, size_t size);

/* The heap's own locks of one kind. All zero without the setting count:true. */
struct ashlar_lock_statistics {
    size_t acquisitions;
    size_t contended;   /* that had to wait */
    size_t wait_ns;     /* nanoseconds that they waited, all together */
    size_t wait_max_ns; /* the longest wait */
};
/* Likewise, of the kind `number`, from 1 on. The first version's size is 32. */
ASHLAR_API int ashlar_get_lock_statistics(unsigned number, struct ashlar_lock_statistics* out, size_t size);
/* What it is called: "bins", "growth", ...; null if there is no such kind. Static storage. */
ASHLAR_API const char* ashlar_get_lock_name(unsigned number);

/* ---- The sampling profiler ----------------------------------------------------------------------------- */

/* Records which calls hold the heap's memory, in a file that `ashlar profile` reads. A sampled block is
 * chosen by chance, once in `rate` requested bytes in the mean. Not in libashlar-hardened.so: all functions
 * return ENOTSUP. They do not set errno. */

/* Starts recording. `rate` 0: as the setting says, or 512 KiB. `place`: the folder for the file, or a path in
 * which %p stands for the process's number; null: as the setting says, or /tmp. Other threads follow when
 * each has asked for 512 KiB. While recording is paused, goes on; while it runs, does nothing. Returns 0, or
 * an error number: what creating the file returned, or EBUSY while another thread starts or stops. */
ASHLAR_API int ashlar_profile_start(size_t rate, const char* place);
/* No new samples; releases of those that are there are still recorded. ENOENT if nothing is recorded. */
ASHLAR_API int ashlar_profile_pause(void);
/* Records what the heap holds now, and which free memory each sample pins. Likewise. */
ASHLAR_API int ashlar_profile_dump(void);
/* A last dump, and the file is closed. Likewise. */
ASHLAR_API int ashlar_profile_stop(void);

struct ashlar_profile_state {
    int recording;                /* 1: new samples are taken */
    int paused;                   /* 1: none are, but the file is open */
    int full;                     /* 1: the file has reached `profile_limit`, or the disk is full */
    size_t rate;                  /* bytes between two samples, in the mean; 0: there is no file */
    unsigned long long samples;   /* in the file that is open, or was last */
    unsigned long long live;      /* estimate of bytes requested since the start and not released */
    unsigned long long allocated; /* estimate of all bytes requested since the start */
    unsigned long long written;   /* bytes of the file that is open */
    const char* path;             /* of the file that is open, or was last; empty: none. Static storage */
};
/* Fills *out. Returns 0, or EINVAL if `size` is not sizeof(struct ashlar_profile_state). */
ASHLAR_API int ashlar_profile_status(struct ashlar_profile_state* out, size_t size);

/* 1 if the address lies in memory of Ashlar's heap, 0 otherwise (null, stack, the fallback's blocks, ...). */
ASHLAR_API int ashlar_owns(const void* address);

/* "major.minor.patch"; static storage. */
ASHLAR_API const char* ashlar_version(void);

#ifdef __cplusplus
}
#endif
#endif
