/* SPDX-License-Identifier: MIT */
/*
 * Ashlar's public interface, in C, usable from C and C++.
 *
 * Two products offer it. The preload library `libashlar.so` replaces malloc and its family for the whole
 * process and exports what is declared here in the symbol version ASHLAR_1; a program that wants to look or
 * to steer declares these functions weak and asks whether they are there. The static library `libashlar.a`
 * defines only what is declared here, so that a program may use Ashlar's heap beside the system's.
 *
 * Units are bytes unless a name says otherwise. Every function may be called from any thread at any time,
 * from constructors and after main too; none may be called from a signal handler that could have
 * interrupted another one (as for malloc itself). A block belongs to whoever received it until it is passed
 * to ashlar_free or ashlar_realloc, by any thread.
 *
 * Passing a pointer that is no live block is reported on stderr in one line and ends the process by abort():
 * at once if the pointer lies in a page without blocks, otherwise when the thread's cache returns it to its
 * slab: at a flush, at ashlar_malloc_trim, or when the thread (or, for the thread that ends it, the process)
 * ends. A pointer that malloc hands out again before that is not found: who frees a block twice and allocates
 * twice at once gets the block twice.
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
 * Growing within ashlar_malloc_usable_size never moves a block of ashlar_malloc; one that would be left with
 * less than half of it in use (after shrinking, or because its alignment made it large) moves to a smaller.
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

/* Returns the calling thread's cached blocks to their slabs (which checks them) and free memory to the
 * system; `keep` is a hint of how many free bytes to retain. Returns 1 if memory was given back, else 0. */
ASHLAR_API int ashlar_malloc_trim(size_t keep);

/* Sets one "key:value" of ASHLAR_CONF (docs/configuration.md) at run time. Returns 0; EINVAL for an unknown
 * key or bad value; EPERM for a key that only counts at start. Does not set errno. */
ASHLAR_API int ashlar_control(const char* setting);

/* What the heap holds. Figures are gathered one after the other while the program runs on: each is right for
 * some moment during the call, and sums may differ by what happened meanwhile. */
struct ashlar_statistics {
    size_t window;     /* address space reserved for blocks */
    size_t committed;  /* of it, made writable so far */
    size_t slabs;      /* in slabs of the size classes, and in large blocks that caches hold */
    size_t large;      /* in large blocks that the program holds, whole 64 KiB pages */
    size_t dirty;      /* free, but not yet given back to the system */
    size_t allocated;  /* in blocks that the program holds (classes' and pages' sizes, not requests) */
    size_t cached;     /* in free blocks held by thread caches, large ones included */
    size_t metadata;   /* headers, slab descriptors, bitmaps, caches: bytes committed */
    size_t threads;    /* live thread caches */
    size_t shards;     /* shards ever used */
    size_t fallback;   /* in blocks of the malloc behind Ashlar; with libashlar.a: all of the program's own */
    int fallback_only; /* 1: no window could be had (or enabled:false); everything goes to the fallback */
};
/* Fills *out. Returns 0, or EINVAL if `size` is not sizeof(struct ashlar_statistics). */
ASHLAR_API int ashlar_get_statistics(struct ashlar_statistics* out, size_t size);

/* 1 if the address lies in Ashlar's window, 0 otherwise (null, stack, the fallback's blocks, ...). */
ASHLAR_API int ashlar_owns(const void* address);

/* "major.minor.patch"; static storage. */
ASHLAR_API const char* ashlar_version(void);

#ifdef __cplusplus
}
#endif
#endif
