// SPDX-License-Identifier: MIT
//
// Marks for memory checkers: which parts of the window are blocks in use. A checker reports each access to a
// part marked free. The checkers are the address sanitizer, and valgrind's memcheck in builds with
// ASHLAR_VALGRIND. Other builds mark nothing.
//
// The owner of a part marks it: free before another thread can take it, used before it is handed out. Parts
// start and end at multiples of 16 bytes, except for the end of a program's request.
#pragma once

#include <cstddef>

#if defined(__SANITIZE_ADDRESS__)
#define ASHLAR_MARKS_FOR_ASAN
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ASHLAR_MARKS_FOR_ASAN
#endif
#endif

#if defined(ASHLAR_MARKS_FOR_ASAN)
#include <sanitizer/asan_interface.h>
#elif defined(ASHLAR_VALGRIND)
#include <valgrind/memcheck.h>
#endif

#if defined(ASHLAR_MARKS_FOR_ASAN) || defined(ASHLAR_VALGRIND)
#define ASHLAR_MARKING
#endif

namespace ashlar::os {

inline void mark_used([[maybe_unused]] const void* start, [[maybe_unused]] std::size_t bytes) {
#if defined(ASHLAR_MARKS_FOR_ASAN)
    ASAN_UNPOISON_MEMORY_REGION(start, bytes);
#elif defined(ASHLAR_VALGRIND)
    VALGRIND_MAKE_MEM_UNDEFINED(start, bytes);
#endif
}

inline void mark_free([[maybe_unused]] const void* start, [[maybe_unused]] std::size_t bytes) {
#if defined(ASHLAR_MARKS_FOR_ASAN)
    ASAN_POISON_MEMORY_REGION(start, bytes);
#elif defined(ASHLAR_VALGRIND)
    VALGRIND_MAKE_MEM_NOACCESS(start, bytes);
#endif
}

// Marks free memory again after its protection was set, which memcheck treats as a write.
inline void mark_still_free([[maybe_unused]] const void* start, [[maybe_unused]] std::size_t bytes) {
#if defined(ASHLAR_VALGRIND)
    VALGRIND_MAKE_MEM_NOACCESS(start, bytes);
#endif
}

// Marks memory as used and initialised. The address sanitizer does not tell this from mark_used().
inline void mark_written([[maybe_unused]] const void* start, [[maybe_unused]] std::size_t bytes) {
#if defined(ASHLAR_MARKS_FOR_ASAN)
    ASAN_UNPOISON_MEMORY_REGION(start, bytes);
#elif defined(ASHLAR_VALGRIND)
    VALGRIND_MAKE_MEM_DEFINED(start, bytes);
#endif
}

// Removes the marks of addresses that are returned to the system. (Memcheck sees that by itself.)
inline void forget_marks([[maybe_unused]] const void* start, [[maybe_unused]] std::size_t bytes) {
#if defined(ASHLAR_MARKS_FOR_ASAN)
    ASAN_UNPOISON_MEMORY_REGION(start, bytes);
#endif
}

// mark_allocated() and mark_released() begin and end a program's block with its exact `size`. Memcheck lists
// such blocks when they leak. For a use after the release, it shows the stacks of both calls.
inline void mark_allocated([[maybe_unused]] const void* block, [[maybe_unused]] std::size_t size,
                           [[maybe_unused]] bool zeroed) {
#if defined(ASHLAR_VALGRIND)
    VALGRIND_MALLOCLIKE_BLOCK(block, size, 0, zeroed ? 1 : 0);
#endif
}

inline void mark_released([[maybe_unused]] const void* block) {
#if defined(ASHLAR_VALGRIND)
    VALGRIND_FREELIKE_BLOCK(block, 0);
#endif
}

// Clears a pointer of the heap to a block in use, which memcheck would take for a pointer of the program.
inline void forget([[maybe_unused]] void* const& pointer) {
#if defined(ASHLAR_VALGRIND)
    const_cast<void*&>(pointer) = nullptr;
#endif
}

// Ends the process with the sanitizer's report if `address` is marked free. (Memcheck: mark_released().)
inline void report_if_free([[maybe_unused]] const void* address) {
#if defined(ASHLAR_MARKS_FOR_ASAN)
    if (__asan_address_is_poisoned(address) != 0) {
        static_cast<void>(*static_cast<const volatile char*>(address));
    }
#endif
}

} // namespace ashlar::os
