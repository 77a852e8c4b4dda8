// SPDX-License-Identifier: MIT
// A slot that is empty or holds one block. Two kinds with one interface, chosen by a program's template
// parameter. TouchedBlock writes the first and the last byte, as allocation benchmarks do, and one byte a
// page between them, because memory that no program would leave unused must not be missing from the peak; it
// is one pointer. VerifiedBlock fills the whole block with a pattern and checks it before the release. The
// stamp makes two blocks at one address differ, so that a block handed out twice is found when its first
// holder releases it.
#pragma once

#include "support/allocator.h"
#include "support/fail.h"

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace bench {

[[noreturn, gnu::cold]] inline void fail_out_of_memory(std::size_t size) {
    fail(kRunFailed, "out of memory: malloc(%zu) returned null\n", size);
}

[[noreturn, gnu::cold]] inline void fail_contents(const void* block, std::size_t size, std::size_t offset) {
    fail(kRunFailed, "contents changed: block %p of %zu bytes, near byte %zu\n", block, size, offset);
}

class TouchedBlock {
  public:
    bool held() const { return bytes_ != nullptr; }

    void acquire(std::size_t size, std::uint64_t /*stamp*/) {
        bytes_ = static_cast<unsigned char*>(allocate(size));
        if (bytes_ == nullptr) [[unlikely]] {
            fail_out_of_memory(size);
        }
        bytes_[0] = 1;
        bytes_[size - 1] = 1;
        if (size > kPage) [[unlikely]] {
            touch_pages_between(size);
        }
    }

    void release() {
        bench::release(bytes_);
        bytes_ = nullptr;
    }

  private:
    static constexpr std::size_t kPage = 4096;

    // Out of line: a loop that small blocks never enter would cost each of them its set-up.
    [[gnu::noinline]] void touch_pages_between(std::size_t size) {
        for (std::size_t offset = kPage; offset < size; offset += kPage) {
            bytes_[offset] = 1;
        }
    }

    unsigned char* bytes_;
};

class VerifiedBlock {
  public:
    bool held() const { return bytes_ != nullptr; }

    void acquire(std::size_t size, std::uint64_t stamp) {
        bytes_ = static_cast<unsigned char*>(allocate(size));
        if (bytes_ == nullptr) {
            fail_out_of_memory(size);
        }
        size_ = size;
        stamp_ = stamp;
        for (std::size_t offset = 0; offset < size_; offset += sizeof(std::uint64_t)) {
            const std::uint64_t word = word_at(offset);
            std::memcpy(bytes_ + offset, &word, word_length(offset));
        }
    }

    void release() {
        for (std::size_t offset = 0; offset < size_; offset += sizeof(std::uint64_t)) {
            const std::uint64_t word = word_at(offset);
            if (std::memcmp(bytes_ + offset, &word, word_length(offset)) != 0) {
                fail_contents(bytes_, size_, offset);
            }
        }
        bench::release(bytes_);
        bytes_ = nullptr;
    }

  private:
    std::uint64_t word_at(std::size_t offset) const { return (stamp_ + offset) * 0x9E3779B97F4A7C15U; }

    std::size_t word_length(std::size_t offset) const {
        const std::size_t left = size_ - offset;
        return left < sizeof(std::uint64_t) ? left : sizeof(std::uint64_t);
    }

    unsigned char* bytes_;
    std::size_t size_;
    std::uint64_t stamp_;
};

} // namespace bench
