// SPDX-License-Identifier: MIT
//
// What tools that watch memory are told: which parts of the window are blocks in use. Compiled with the
// address sanitizer, or for valgrind's memcheck with ASHLAR_VALGRIND, touching what is marked free is
// reported by them, at the very access. In other builds all of this is nothing.
//
// A part is marked by whom it belongs to: free before others can get it, used before it is handed out. Parts
// start and end at multiples of 16 bytes, but for the end of what a program asked for.
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

// Of free memory whose protection was set: memcheck takes what becomes accessible for written.
inline void mark_still_free([[maybe_unused]] const void* start, [[maybe_unused]] std::size_t bytes) {
#if defined(ASHLAR_VALGRIND)
    VALGRIND_MAKE_MEM_NOACCESS(start, bytes);
#endif
}

// Only memcheck has a name for memory that holds something.
inline void mark_written([[maybe_unused]] const void* start, [[maybe_unused]] std::size_t bytes) {
#if defined(ASHLAR_MARKS_FOR_ASAN)
    ASAN_UNPOISON_MEMORY_REGION(start, bytes);
#elif defined(ASHLAR_VALGRIND)
    VALGRIND_MAKE_MEM_DEFINED(start, bytes);
#endif
}

// Addresses that are given back to the system. (Memcheck sees that by itself.)
inline void forget_marks([[maybe_unused]] const void* start, [[maybe_unused]] std::size_t bytes) {
#if defined(ASHLAR_MARKS_FOR_ASAN)
    ASAN_UNPOISON_MEMORY_REGION(start, bytes);
#endif
}

// A block that a program asked for, with its exact size, and its end. Memcheck lists such as lost, and names
// them with the stacks of both calls when they are used afterwards.
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

// A pointer of the heap's own to a block that is in use from now on: memcheck would take it for the
// program's.
inline void forget([[maybe_unused]] void* const& pointer) {
#if defined(ASHLAR_VALGRIND)
    const_cast<void*&>(pointer) = nullptr;
#endif
}

// Ends the process with the sanitizer's report if the address is marked free. (Memcheck knows by
// mark_released().)
inline void report_if_free([[maybe_unused]] const void* address) {
#if defined(ASHLAR_MARKS_FOR_ASAN)
    if (__asan_address_is_poisoned(address) != 0) {
        static_cast<void>(*static_cast<const volatile char*>(address));
    }
#endif
}

} // namespace ashlar::os
