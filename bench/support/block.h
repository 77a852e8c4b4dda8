// SPDX-License-Identifier: MIT
// A slot that is empty or holds one block. There are three kinds with one interface. A program's template
// parameter chooses the kind (with_kind_of_block).
//
// TouchedBlock is one pointer. It writes the first and the last byte, as allocation benchmarks do, and one
// byte per page between them. Otherwise the peak would lack memory that a program would use. FilledBlock
// writes every byte, for programs that do so. VerifiedBlock fills the block with a pattern. It checks the
// pattern before the release, and the kept part after a reallocation. The stamp makes two blocks at one
// address differ. A block that is handed out twice is thus found when its first holder releases it.
//
// take and give do the rest of the work of acquire and release, for programs that time the allocator's calls.
#pragma once

#include "support/allocator.h"
#include "support/fail.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

namespace bench {

[[noreturn, gnu::cold]] inline void fail_out_of_memory(std::size_t size) {
    fail(kRunFailed, "out of memory: malloc(%zu) returned null\n", size);
}

[[noreturn, gnu::cold]] inline void fail_to_reallocate(std::size_t size) {
    fail(kRunFailed, "out of memory: realloc to %zu returned null\n", size);
}

[[noreturn, gnu::cold]] inline void fail_contents(const void* block, std::size_t size, std::size_t offset) {
    fail(kRunFailed, "contents changed: block %p of %zu bytes, near byte %zu\n", block, size, offset);
}

class TouchedBlock {
  public:
    bool held() const { return bytes_ != nullptr; }

    void acquire(std::size_t size, std::uint64_t stamp) { take(allocate(size), size, stamp); }

    // Takes the block that malloc returned for `size`.
    void take(void* bytes, std::size_t size, std::uint64_t /*stamp*/) {
        bytes_ = static_cast<unsigned char*>(bytes);
        if (bytes_ == nullptr) [[unlikely]] {
            fail_out_of_memory(size);
        }
        touch(size);
    }

    // Reallocates the held block.
    void resize(std::size_t size) {
        bytes_ = static_cast<unsigned char*>(reallocate(bytes_, size));
        if (bytes_ == nullptr) [[unlikely]] {
            fail_to_reallocate(size);
        }
        touch(size);
    }

    void release() { bench::release(give()); }

    // Returns the block, which the caller must free.
    void* give() { return std::exchange(bytes_, nullptr); }

  private:
    static constexpr std::size_t kPage = 4096;

    void touch(std::size_t size) {
        bytes_[0] = 1;
        bytes_[size - 1] = 1;
        if (size > kPage) [[unlikely]] {
            touch_pages_between(size);
        }
    }

    // Not inlined: small blocks would pay for the set-up of a loop that they never enter.
    [[gnu::noinline]] void touch_pages_between(std::size_t size) {
        for (std::size_t offset = kPage; offset < size; offset += kPage) {
            bytes_[offset] = 1;
        }
    }

    unsigned char* bytes_;
};

class FilledBlock {
  public:
    bool held() const { return bytes_ != nullptr; }

    void acquire(std::size_t size, std::uint64_t stamp) {
        bytes_ = static_cast<unsigned char*>(allocate(size));
        if (bytes_ == nullptr) [[unlikely]] {
            fail_out_of_memory(size);
        }
        std::memset(bytes_, static_cast<int>(stamp & 0xFF), size);
    }

    void release() {
        bench::release(bytes_);
        bytes_ = nullptr;
    }

  private:
    unsigned char* bytes_;
};

class VerifiedBlock {
  public:
    bool held() const { return bytes_ != nullptr; }

    void acquire(std::size_t size, std::uint64_t stamp) { take(allocate(size), size, stamp); }

    void take(void* bytes, std::size_t size, std::uint64_t stamp) {
        bytes_ = static_cast<unsigned char*>(bytes);
        if (bytes_ == nullptr) {
            fail_out_of_memory(size);
        }
        size_ = size;
        stamp_ = stamp;
        fill_from(0);
    }

    void resize(std::size_t size) {
        bytes_ = static_cast<unsigned char*>(reallocate(bytes_, size));
        if (bytes_ == nullptr) {
            fail_to_reallocate(size);
        }
        size_ = std::min(size_, size); // the part that was kept
        check();
        const std::size_t whole_words = size_ / sizeof(std::uint64_t) * sizeof(std::uint64_t);
        size_ = size;
        fill_from(whole_words);
    }

    void release() { bench::release(give()); }

    void* give() {
        check();
        return std::exchange(bytes_, nullptr);
    }

  private:
    void fill_from(std::size_t start) {
        for (std::size_t offset = start; offset < size_; offset += sizeof(std::uint64_t)) {
            const std::uint64_t word = word_at(offset);
            std::memcpy(bytes_ + offset, &word, word_length(offset));
        }
    }

    void check() const {
        for (std::size_t offset = 0; offset < size_; offset += sizeof(std::uint64_t)) {
            const std::uint64_t word = word_at(offset);
            if (std::memcmp(bytes_ + offset, &word, word_length(offset)) != 0) {
                fail_contents(bytes_, size_, offset);
            }
        }
    }

    std::uint64_t word_at(std::size_t offset) const { return (stamp_ + offset) * 0x9E3779B97F4A7C15U; }

    std::size_t word_length(std::size_t offset) const {
        const std::size_t left = size_ - offset;
        return left < sizeof(std::uint64_t) ? left : sizeof(std::uint64_t);
    }

    unsigned char* bytes_;
    std::size_t size_;
    std::uint64_t stamp_;
};

// Calls measure.operator()<Block>() with VerifiedBlock if `verify`, or else with `Usual`.
template <typename Usual = TouchedBlock, typename Measure>
void with_kind_of_block(bool verify, const Measure& measure) {
    if (verify) {
        measure.template operator()<VerifiedBlock>();
    } else {
        measure.template operator()<Usual>();
    }
}

} // namespace bench
