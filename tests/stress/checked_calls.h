// SPDX-License-Identifier: MIT
//
// The calls of the allocator, each with a check of what it must do: a block is aligned, as large as it was
// asked for, zero when it comes from calloc, holds what was written until it is released, and no successful
// call touches errno. One object serves one thread.
//
// `Observer` is told of every block: add(block) when it is in use, remove(block) before it goes back.
#pragma once

#include "heap.h"
#include "random.h"
#include "report.h"
#include "stamp.h"

#include <cerrno>
#include <cstddef>
#include <cstdint>

namespace stress {

struct Block {
    void* address = nullptr;
    std::size_t size = 0;      // as asked for
    std::size_t usable = 0;    // all of it is stamped
    std::size_t alignment = 0; // as asked for; 0 if by none of the aligned functions
    std::uint64_t key = 0;
};

struct NoObserver {
    void add(const Block&) {}
    void remove(const Block&) {}
};

template <typename Observer = NoObserver>
class CheckedCalls {
  public:
    CheckedCalls(Random& random, Observer& observer) : random_(random), observer_(observer) {}

    // By any of the functions that allocate.
    void allocate(Block& block, std::size_t size) {
        block = Block{};
        block.size = size;
        errno = kErrno;
        const std::size_t kind = random_.below(100);
        if (kind < 50) {
            block.address = heap::allocate(size);
        } else if (kind < 65) {
            allocate_zeroed(block);
        } else if (kind < 70) {
            block.address = heap::resize(nullptr, size);
        } else {
            allocate_aligned(block);
        }
        accept(block, "allocation");
    }

    void check(const Block& block) const {
        const std::size_t usable = heap::usable_size(block.address);
        if (usable != block.usable) {
            fail("usable size of %p was %zu and is %zu", block.address, block.usable, usable);
        }
        require_stamp(block.address, block.usable, block.key, "in use");
    }

    void resize(Block& block, std::size_t size) {
        const Block old = block;
        check(old);
        observer_.remove(old);
        block.size = size;
        block.alignment = 0;
        errno = kErrno;
        if (size == 0) {
            // realloc(p, 0) frees; glibc's reallocarray does too.
            if (heap::resize(block.address, 0) != nullptr) fail("realloc(p, 0) gives a block");
            require_errno("realloc(p, 0)");
            block = Block{};
            return;
        }
        if (size % 8 == 0 && random_.chance(50)) {
            block.address = heap::resize_array(block.address, size / 8, 8);
        } else {
            block.address = heap::resize(block.address, size);
        }
        if (block.address == nullptr) fail("realloc from %zu to %zu bytes gives null", old.size, size);
        // Growing within the usable size never moves. An allocator that does not keep the size asked for sees
        // growth in a block that alignment made more than twice as large as shrinking; there it may.
        const bool seen_as_shrinking = old.alignment > 16 && size < old.usable / 2;
        if (size >= old.size && size <= old.usable && block.address != old.address && !seen_as_shrinking) {
            fail("realloc from %zu to %zu bytes moves, with %zu usable", old.size, size, old.usable);
        }
        require_stamp(block.address, old.size < size ? old.size : size, old.key, "after realloc");
        accept(block, "realloc");
    }

    // By any of the functions that release.
    void release(Block& block) {
        check(block);
        observer_.remove(block);
        errno = kErrno;
        if (block.alignment != 0 && random_.chance(50)) {
            heap::release_aligned_sized(block.address, block.alignment, block.size);
        } else if (block.alignment == 0 && random_.chance(30)) {
            heap::release_sized(block.address, block.size);
        } else {
            heap::release(block.address);
        }
        require_errno("free");
        block = Block{};
    }

    // Requests that must fail and leave everything as it is; `block` may be none.
    void refuse_impossible(const Block& block) {
        const std::size_t huge = SIZE_MAX / 2 + 1 + random_.below(SIZE_MAX / 2);
        errno = 0;
        if (heap::allocate(huge) != nullptr || errno != ENOMEM) fail("malloc(%zu): errno %d", huge, errno);
        errno = 0;
        if (heap::allocate_zeroed(huge, 3) != nullptr || errno != ENOMEM)
            fail("calloc(%zu, 3): errno %d", huge, errno);
        if (block.address == nullptr) return;
        errno = 0;
        if (heap::resize(block.address, huge) != nullptr || errno != ENOMEM)
            fail("realloc(p, %zu): errno %d", huge, errno);
        check(block);
    }

  private:
    static constexpr int kErrno = 1234; // no call may touch it on success

    void allocate_zeroed(Block& block) {
        const std::size_t count = 1 + random_.below(16);
        block.address = heap::allocate_zeroed(count, block.size / count);
        block.size = block.size / count * count;
        if (block.address == nullptr) return; // accept() complains
        const std::size_t at = first_nonzero(block.address, block.size);
        if (at != block.size) {
            fail("calloc of %zu bytes gives %p, not zero at %zu", block.size, block.address, at);
        }
    }

    void allocate_aligned(Block& block) {
        // Mostly up to a page, sometimes up to 1 MiB.
        block.alignment = std::size_t{1} << random_.below(random_.chance(95) ? 13 : 21);
        switch (random_.below(5)) {
        case 0:
            block.address = heap::allocate_aligned(block.alignment, block.size);
            break;
        case 1:
            block.address = heap::allocate_memalign(block.alignment, block.size);
            break;
        case 2: {
            block.alignment = block.alignment < sizeof(void*) ? sizeof(void*) : block.alignment;
            const int error = heap::allocate_posix(&block.address, block.alignment, block.size);
            if (error != 0) fail("posix_memalign(%zu, %zu) gives %d", block.alignment, block.size, error);
            break;
        }
        case 3:
            block.alignment = 4096;
            block.address = heap::allocate_page(block.size);
            break;
        default:
            block.alignment = 4096;
            block.size = (block.size + 4095) / 4096 * 4096;
            block.address = heap::allocate_whole_pages(block.size);
            break;
        }
    }

    // Checks what every new block must be, and stamps it.
    void accept(Block& block, const char* call) {
        if (block.address == nullptr) fail("%s of %zu bytes gives null, errno %d", call, block.size, errno);
        require_errno(call);
        const auto address = reinterpret_cast<std::uintptr_t>(block.address);
        const std::size_t alignment = block.alignment > 16 ? block.alignment : 16;
        if (address % alignment != 0) {
            fail("%s of %zu bytes gives %p, not aligned to %zu", call, block.size, block.address, alignment);
        }
        block.usable = heap::usable_size(block.address);
        if (block.usable < block.size) {
            fail("%s of %zu bytes: usable size is %zu", call, block.size, block.usable);
        }
        block.key = random_.next();
        observer_.add(block);
        stamp(block.address, block.usable, block.key);
    }

    static void require_errno(const char* call) {
        if (errno != kErrno) fail("%s succeeds and sets errno to %d", call, errno);
    }

    Random& random_;
    Observer& observer_;
};

} // namespace stress
