// SPDX-License-Identifier: MIT
//
// operator new and delete as calls that the compiler cannot analyse.
#pragma once

#include <cstddef>
#include <new>

namespace misuse::operators {

inline constexpr std::align_val_t kAlignment{64};
inline constexpr std::align_val_t kOtherAlignment{256};

[[gnu::noinline]] inline void* make(std::size_t size) {
    return ::operator new(size);
}
[[gnu::noinline]] inline void* make_array(std::size_t size) {
    return ::operator new[](size);
}
[[gnu::noinline]] inline void* make_aligned(std::size_t size) {
    return ::operator new(size, kAlignment);
}

[[gnu::noinline]] inline void unmake(void* block) {
    ::operator delete(block);
}
[[gnu::noinline]] inline void unmake_array(void* block) {
    ::operator delete[](block);
}
[[gnu::noinline]] inline void unmake_sized(void* block, std::size_t size) {
    ::operator delete(block, size);
}
[[gnu::noinline]] inline void unmake_aligned(void* block, std::align_val_t alignment) {
    ::operator delete(block, alignment);
}

} // namespace misuse::operators
