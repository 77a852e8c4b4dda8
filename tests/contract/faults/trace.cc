// SPDX-License-Identifier: MIT
#include "trace.h"

#include "common/heap.h"
#include "common/random.h"
#include "common/report.h"
#include "common/stamp.h"
#include "common/thread.h"
#include "injector.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <mutex>
#include <vector>

namespace faults {

namespace {

using namespace common; // NOLINT(google-build-using-namespace): what all programs of this kind are made of

constexpr std::size_t kLargest = 64 * 1024; // largest block that is not large
constexpr int kErrno = 1234;                // a successful call must not change it

struct Block {
    void* address = nullptr;
    std::size_t size = 0;   // as requested
    std::size_t usable = 0; // stamped bytes
    std::uint64_t key = 0;
};

// Largest block that is stamped as a whole. Larger blocks have a word per stretch, because slabs purge single
// pages and large blocks move by slices of 64 KiB.
constexpr std::size_t kWhole = 1024;
constexpr std::size_t stride_of(std::size_t usable) {
    return usable <= kLargest ? 1024 : 64 * 1024;
}

template <typename Visit>
void for_each_part(const void* block, std::size_t size, std::size_t usable, Visit visit) {
    if (usable <= kWhole) {
        visit(block, size, 0);
        return;
    }
    for (std::size_t at = 0; at + sizeof(std::uint64_t) <= size; at += stride_of(usable))
        visit(static_cast<const char*>(block) + at, sizeof(std::uint64_t), at);
}

void write_stamp(const Block& block) {
    for_each_part(block.address, block.usable, block.usable,
                  [&](const void* part, std::size_t size, std::size_t at) {
                      stamp(const_cast<void*>(part), size, block.key + at);
                  });
}

// Checks that `address` holds the first `size` bytes of the stamped `block`.
void require_stamp(const Block& block, const void* address, std::size_t size, const char* when) {
    for_each_part(address, size, block.usable, [&](const void* part, std::size_t length, std::size_t at) {
        common::require_stamp(part, length, block.key + at, when);
    });
}

// Hands blocks over between threads.
struct Exchange {
    std::mutex mutex;
    Block block;
};
using Exchanges = std::array<Exchange, 16>;

class Player {
  public:
    Player(std::uint64_t seed, Exchanges& exchanges)
        : random_(seed), exchanges_(exchanges), blocks_(kBlocks) {}

    void play(std::uint64_t steps) {
        for (current_step = 0; current_step < steps; current_step++)
            step(random_.chance(kLargeShare) ? random_.below(kLarge) : kLarge + random_.below(kSmall));
        for (Block& block : blocks_)
            release(block);
    }

    void release(Block& block) {
        if (block.address == nullptr) return;
        require_stamp(block, block.address, block.usable, "in use");
        errno = kErrno;
        switch (random_.below(3)) {
        case 0:
            heap::release_sized(block.address, block.size);
            break;
        case 1:
            heap::release_aligned_sized(block.address, 16, block.size);
            break;
        default:
            heap::release(block.address);
            break;
        }
        require_errno("free");
        block = {};
    }

  private:
    static constexpr std::size_t kLarge = 24; // the first entries; about 32 MiB of large blocks live
    static constexpr std::size_t kSmall = 600;
    static constexpr std::size_t kBlocks = kLarge + kSmall;
    static constexpr unsigned kLargeShare = 2; // percent of the steps

    void step(std::size_t number) {
        Block& block = blocks_[number];
        const std::size_t kind = random_.below(2000);
        if (kind == 0) {
            errno = kErrno;
            heap::trim(random_.below(1 << 20));
        } else if (kind < 50) {
            swap(block);
        } else if (block.address == nullptr) {
            allocate(block, number < kLarge ? large_size() : any_class_size());
        } else if (kind < 800) {
            resize(block, number < kLarge && random_.chance(90) ? large_size() : any_class_size());
        } else {
            release(block);
        }
    }

    std::size_t any_class_size() {
        const std::size_t kind = random_.below(100);
        return random_.below(kind < 70 ? 1025 : kind < 92 ? 8193 : kLargest + 1);
    }

    // Returns 64 KiB to a bit more than the window's limit, each power of two equally often.
    std::size_t large_size() {
        const std::size_t least = std::size_t{1} << (16 + random_.below(7));
        return std::min(least + random_.below(least), kLargeLimit + kLargeLimit / 8);
    }

    void allocate(Block& block, std::size_t size) {
        const std::uint64_t failures = failures_here();
        std::size_t alignment = 16;
        errno = kErrno;
        const std::size_t kind = random_.below(100);
        if (kind < 50) {
            block.address = heap::allocate(size);
        } else if (kind < 70) {
            block.address = heap::allocate_zeroed(1, size);
            require_zero(block.address, size);
        } else if (kind < 75) {
            block.address = heap::resize(nullptr, size);
        } else {
            alignment = std::size_t{1} << random_.below(random_.chance(95) ? 13 : 21);
            block.address = allocate_aligned(alignment, size);
        }
        if (block.address == nullptr) {
            excuse("allocation", size, failures);
            return;
        }
        accept(block, size, alignment, "allocation");
    }

    void* allocate_aligned(std::size_t& alignment, std::size_t& size) {
        void* const untouched = &random_;
        void* block = untouched;
        switch (random_.below(5)) {
        case 0:
            return heap::allocate_aligned(alignment, size);
        case 1:
            return heap::allocate_memalign(alignment, size);
        case 2: {
            alignment = std::max(alignment, sizeof(void*));
            const int error = heap::allocate_posix(&block, alignment, size);
            if (error == 0) return block;
            if (error != ENOMEM) fail("posix_memalign(%zu, %zu) gives %d", alignment, size, error);
            if (block != untouched)
                fail("posix_memalign(%zu, %zu) fails and sets the pointer", alignment, size);
            return nullptr;
        }
        case 3:
            alignment = 4096;
            return heap::allocate_page(size);
        default:
            alignment = 4096;
            size = (size + 4095) / 4096 * 4096;
            return heap::allocate_whole_pages(size);
        }
    }

    // Checks a new block and stamps it.
    void accept(Block& block, std::size_t size, std::size_t alignment, const char* call) {
        require_errno(call);
        if (reinterpret_cast<std::uintptr_t>(block.address) % std::max<std::size_t>(alignment, 16) != 0) {
            fail("%s of %zu bytes gives %p, not aligned to %zu", call, size, block.address, alignment);
        }
        block.size = size;
        block.usable = heap::usable_size(block.address);
        if (block.usable < size) fail("%s of %zu bytes: usable size is %zu", call, size, block.usable);
        // The thread sanitizer's malloc(0), a fallback, says that 1 byte is usable and reports its use.
        if (size == 0) block.usable = 0;
        block.key = random_.next();
        write_stamp(block);
    }

    void resize(Block& block, std::size_t size) {
        if (size == 0) return;
        require_stamp(block, block.address, block.usable, "before realloc");
        const std::uint64_t failures = failures_here();
        errno = kErrno;
        void* const resized = size % 8 == 0 ? heap::resize_array(block.address, size / 8, 8)
                                            : heap::resize(block.address, size);
        if (resized == nullptr) {
            if (size <= block.usable) fail("realloc from %zu down to %zu bytes fails", block.usable, size);
            excuse("realloc", size, failures);
            require_stamp(block, block.address, block.usable, "after a realloc that failed");
            return;
        }
        require_stamp(block, resized, std::min(block.size, size), "after realloc");
        block.address = resized;
        accept(block, size, 16, "realloc");
    }

    static void require_zero(const void* block, std::size_t size) {
        if (block == nullptr) return;
        for_each_part(block, size, size, [&](const void* part, std::size_t length, std::size_t at) {
            const std::size_t zeroes = first_nonzero(part, length);
            if (zeroes != length) fail("calloc of %zu bytes: not zero at %zu", size, at + zeroes);
        });
    }

    static void excuse(const char* call, std::size_t size, std::uint64_t failures_before) {
        if (errno != ENOMEM) fail("%s of %zu bytes gives null with errno %d", call, size, errno);
        if (failures_here() == failures_before) fail("%s of %zu bytes fails without a reason", call, size);
        sheet().refusals.fetch_add(1, std::memory_order_relaxed);
    }

    static void require_errno(const char* call) {
        if (errno != kErrno) fail("%s succeeds and sets errno to %d", call, errno);
    }

    void swap(Block& block) {
        Exchange& exchange = exchanges_[random_.below(exchanges_.size())];
        const std::lock_guard lock(exchange.mutex);
        std::swap(block, exchange.block);
    }

    Random random_;
    Exchanges& exchanges_;
    std::vector<Block> blocks_;
};

struct Part {
    std::uint64_t seed;
    unsigned number;
    std::uint64_t steps;
    Exchanges* exchanges;
};

void* play(void* argument) {
    const Part& part = *static_cast<Part*>(argument);
    current_thread = part.number;
    Player(part.seed + part.number * 1000003, *part.exchanges).play(part.steps);
    return nullptr;
}

// The threads of the trace are not calls of the library.
pthread_t start(Part& part) {
    const Exempt not_the_librarys;
    return start_thread(play, &part);
}

constexpr unsigned kTurns = 4; // parts of a trace with one thread

} // namespace

void run_trace(std::uint64_t seed, unsigned threads, std::uint64_t steps) {
    Exchanges exchanges;
    std::vector<Part> parts;
    const unsigned count = threads == 1 ? kTurns : threads;
    for (unsigned number = 0; number < count; ++number)
        parts.push_back({seed, number, steps / count, &exchanges});
    if (threads == 1) { // this thread, then others that take over the previous one's blocks
        play(&parts[0]);
        for (unsigned turn = 1; turn < kTurns; ++turn)
            join_thread(start(parts[turn]));
    } else {
        std::vector<pthread_t> running;
        for (Part& part : parts)
            running.push_back(start(part));
        for (const pthread_t thread : running)
            join_thread(thread);
    }
    Player last(seed, exchanges);
    for (Exchange& exchange : exchanges)
        last.release(exchange.block);
}

} // namespace faults
