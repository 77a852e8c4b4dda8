// SPDX-License-Identifier: MIT
//
// A seeded random sequence over the whole interface, checked against a model of what every block must be:
// aligned, apart from all others, holding what was written, zero when it comes from calloc, and as large as
// its usable size says. Threads swap blocks, so that each resizes and releases what others allocated.
//
// usage: model [--threads N] [--steps N] [--seed N] [--no-shadow] [--expect-ashlar]
#include "arguments.h"
#include "build_kind.h"
#include "heap.h"
#include "random.h"
#include "report.h"
#include "stamp.h"

#include <array>
#include <cerrno>
#include <cstdint>
#include <map>
#include <mutex>
#include <random>
#include <thread>
#include <vector>

namespace {

using namespace stress;

struct Block {
    void* address = nullptr;
    std::size_t size = 0;      // as asked for
    std::size_t usable = 0;    // all of it is stamped
    std::size_t alignment = 0; // as asked for; 0 if by none of the aligned functions
    std::uint64_t key = 0;
};

// All blocks in use, to find overlap at once; stamps find it too, later. Its lock makes threads take turns,
// so some runs go without it.
class Shadow {
  public:
    explicit Shadow(bool on) : on_(on) {}

    void add(const Block& block) {
        if (!on_) return;
        const auto begin = reinterpret_cast<std::uintptr_t>(block.address);
        // A block of no bytes still must have an address of its own.
        const std::uintptr_t end = begin + (block.usable != 0 ? block.usable : 1);
        const std::lock_guard lock(mutex_);
        const auto next = intervals_.lower_bound(begin);
        if (next != intervals_.end() && next->first < end) overlap(begin, end, *next);
        if (next != intervals_.begin() && std::prev(next)->second > begin)
            overlap(begin, end, *std::prev(next));
        intervals_.emplace_hint(next, begin, end);
    }

    // Before the block goes back: from then on another thread may be given the same address.
    void remove(const Block& block) {
        if (!on_) return;
        const std::lock_guard lock(mutex_);
        if (intervals_.erase(reinterpret_cast<std::uintptr_t>(block.address)) != 1) {
            fail("the model lost block %p", block.address);
        }
    }

  private:
    [[noreturn]] static void overlap(std::uintptr_t begin, std::uintptr_t end,
                                     const std::pair<const std::uintptr_t, std::uintptr_t>& other) {
        fail("block %#zx-%#zx overlaps %#zx-%#zx", begin, end, other.first, other.second);
    }

    bool on_;
    std::mutex mutex_;
    std::map<std::uintptr_t, std::uintptr_t> intervals_;
};

// Where threads leave blocks for each other.
struct Exchange {
    std::mutex mutex;
    Block block;
};

class Player {
  public:
    Player(unsigned number, Shadow& shadow, std::array<Exchange, 64>& exchanges)
        : random_(run_seed * 1000003 + number), number_(number), shadow_(shadow), exchanges_(exchanges),
          blocks_(kBlocks) {}

    void play(std::uint64_t steps) {
        current_thread = number_;
        for (current_step = 0; current_step < steps; current_step++) {
            step(blocks_[random_.below(kBlocks)]);
        }
        for (Block& block : blocks_) {
            if (block.address != nullptr) check_and_release(block);
        }
    }

    void check_and_release(Block& block) {
        check(block);
        shadow_.remove(block);
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

  private:
    static constexpr std::size_t kBlocks = kSanitized ? 200 : 600;
    static constexpr int kErrno = 1234; // no call may touch it on success

    void step(Block& block) {
        const std::size_t kind = random_.below(1000);
        if (kind < 50) {
            swap(block);
        } else if (kind == 50) {
            heap::trim(random_.below(1 << 20));
        } else if (kind < 60) {
            refuse_impossible(block);
        } else if (block.address == nullptr) {
            allocate(block);
        } else if (kind < 350) {
            resize(block);
        } else if (kind < 400) {
            check(block);
        } else {
            check_and_release(block);
        }
    }

    void allocate(Block& block) {
        block.size = any_size(random_);
        errno = kErrno;
        const std::size_t kind = random_.below(100);
        if (kind < 50) {
            block.address = heap::allocate(block.size);
        } else if (kind < 65) {
            allocate_zeroed(block);
        } else if (kind < 70) {
            block.address = heap::resize(nullptr, block.size);
        } else {
            allocate_aligned(block);
        }
        accept(block, "allocation");
    }

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
        shadow_.add(block);
        stamp(block.address, block.usable, block.key);
    }

    void check(const Block& block) {
        const std::size_t usable = heap::usable_size(block.address);
        if (usable != block.usable) {
            fail("usable size of %p was %zu and is %zu", block.address, block.usable, usable);
        }
        require_stamp(block.address, block.usable, block.key, "in use");
    }

    void resize(Block& block) {
        const Block old = block;
        check(old);
        shadow_.remove(old);
        block.size = random_.chance(40) ? random_.below(old.usable + 1) : any_size(random_);
        block.alignment = 0;
        errno = kErrno;
        if (block.size == 0) {
            // realloc(p, 0) frees; glibc's reallocarray does too.
            if (heap::resize(block.address, 0) != nullptr) fail("realloc(p, 0) gives a block");
            require_errno("realloc(p, 0)");
            block = Block{};
            return;
        }
        if (block.size % 8 == 0 && random_.chance(50)) {
            block.address = heap::resize_array(block.address, block.size / 8, 8);
        } else {
            block.address = heap::resize(block.address, block.size);
        }
        if (block.address == nullptr) fail("realloc from %zu to %zu bytes gives null", old.size, block.size);
        // Growing within the usable size never moves. An allocator that does not keep the size asked for sees
        // growth in a block that alignment made more than twice as large as shrinking; there it may.
        const bool seen_as_shrinking = old.alignment > 16 && block.size < old.usable / 2;
        if (block.size >= old.size && block.size <= old.usable && block.address != old.address &&
            !seen_as_shrinking) {
            fail("realloc from %zu to %zu bytes moves, with %zu usable", old.size, block.size, old.usable);
        }
        const std::size_t kept = old.size < block.size ? old.size : block.size;
        require_stamp(block.address, kept, old.key, "after realloc");
        accept(block, "realloc");
    }

    // Requests that must fail and leave everything as it is.
    void refuse_impossible(Block& block) {
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

    void swap(Block& block) {
        Exchange& exchange = exchanges_[random_.below(exchanges_.size())];
        const std::lock_guard lock(exchange.mutex);
        std::swap(block, exchange.block);
    }

    static void require_errno(const char* call) {
        if (errno != kErrno) fail("%s succeeds and sets errno to %d", call, errno);
    }

    Random random_;
    unsigned number_;
    Shadow& shadow_;
    std::array<Exchange, 64>& exchanges_;
    std::vector<Block> blocks_;
};

} // namespace

int main(int count, char** values) {
    Arguments arguments(count, values);
    const std::uint64_t threads = arguments.number("--threads", 1);
    const std::uint64_t steps = arguments.number("--steps", scaled(200000)) / threads;
    run_seed = arguments.number("--seed", std::random_device()());
    Shadow shadow(!arguments.flag("--no-shadow"));
    if (arguments.flag("--expect-ashlar")) heap::require_ashlar();
    arguments.refuse_others();
    std::printf("model: %llu threads, %llu steps each, seed %llu\n", static_cast<unsigned long long>(threads),
                static_cast<unsigned long long>(steps), static_cast<unsigned long long>(run_seed));
    std::fflush(stdout);

    std::array<Exchange, 64> exchanges;
    std::vector<std::thread> running;
    for (unsigned number = 0; number < threads; number++) {
        running.emplace_back([&, number] { Player(number, shadow, exchanges).play(steps); });
    }
    for (std::thread& thread : running)
        thread.join();

    Player last(static_cast<unsigned>(threads), shadow, exchanges);
    for (Exchange& exchange : exchanges) {
        if (exchange.block.address != nullptr) last.check_and_release(exchange.block);
    }
}
