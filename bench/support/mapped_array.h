// SPDX-License-Identifier: MIT
// Arrays of the harness, mapped from the system, so that the allocator under test serves only the workload.
// Elements start as zero bytes. Every page is touched, so the measured loop takes no fault here.
#pragma once

#include "support/fail.h"

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <sys/mman.h>
#include <type_traits>

namespace bench {

template <typename T>
class MappedArray {
    static_assert(std::is_trivially_copyable_v<T>);

  public:
    explicit MappedArray(std::size_t size) : size_(size) {
        void* const memory =
            mmap(nullptr, bytes(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED) {
            fail(kRunFailed, "cannot map %zu bytes for the benchmark's own array: %s\n", bytes(),
                 strerrordesc_np(errno));
        }
        std::memset(memory, 0, bytes());
        elements_ = static_cast<T*>(memory);
    }
    ~MappedArray() { munmap(elements_, bytes()); }
    MappedArray(const MappedArray&) = delete;
    MappedArray& operator=(const MappedArray&) = delete;

    T& operator[](std::size_t index) { return elements_[index]; }
    T* data() { return elements_; }
    std::size_t size() const { return size_; }
    T* begin() { return elements_; }
    T* end() { return elements_ + size_; }
    std::size_t bytes() const { return size_ * sizeof(T); }

  private:
    T* elements_;
    std::size_t size_;
};

} // namespace bench
