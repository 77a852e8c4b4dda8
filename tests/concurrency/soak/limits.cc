// SPDX-License-Identifier: MIT
#include "limits.h"

#include "board.h"
#include "common/heap.h"
#include "common/report.h"
#include "common/stamp.h"
#include "common/thread.h"

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

namespace soak {

using common::fail;
namespace heap = common::heap;

namespace {

constexpr std::size_t kMiB = std::size_t{1} << 20;

struct Sizes {
    std::size_t least;
    std::size_t most;
    std::size_t any(common::Random& random) const { return least + random.below(most - least); }
};

// Holds all blocks that malloc gives. The list runs through the blocks, because other memory is unavailable
// meanwhile.
class Hoard {
  public:
    Hoard(common::Random random, Sizes sizes) : random_(random), sizes_(sizes) {}

    // Takes blocks until a request is refused.
    void fill() {
        while (add(sizes_.any(random_)))
            if (bytes_ > kMost) fail("%zu MiB are served beyond the limit", bytes_ / kMiB);
        my_place->begin(Activity::kExhaust);
        grow_first();
        my_place->done();
    }

    // Releases a share of them, and checks all.
    void release(unsigned percent) {
        for (Held** link = &first_; *link != nullptr;) {
            Held* const block = *link;
            if (!random_.chance(percent)) {
                link = &block->next;
                continue;
            }
            *link = block->next;
            my_place->begin(Activity::kRelease);
            check(*block, "hoarded");
            bytes_ -= block->size;
            heap::release(block);
            my_place->done();
        }
    }

  private:
    struct Held {
        Held* next;
        std::size_t size;
        std::uint64_t key;
    };
    static constexpr std::size_t kMost = 1024 * kMiB;
    static constexpr std::size_t kEnd = 32; // bytes stamped at the end; stamping all would measure bandwidth

    bool add(std::size_t size) {
        my_place->begin(Activity::kAllocate);
        errno = 0;
        auto* const block = static_cast<Held*>(heap::allocate(size));
        if (block == nullptr) {
            if (errno != ENOMEM) fail("%zu bytes are refused with errno %d", size, errno);
            return false;
        }
        *block = Held{first_, size, random_.next()};
        common::stamp(end_of(*block), kEnd, block->key);
        first_ = block;
        bytes_ += size;
        my_place->done();
        return true;
    }

    // Resizes the first block. It must keep its contents whether or not the request succeeds.
    void grow_first() {
        if (first_ == nullptr) return;
        Held& old = *first_;
        const std::size_t size = old.size * 2;
        errno = 0;
        auto* const grown = static_cast<Held*>(heap::resize(&old, size));
        if (grown == nullptr) {
            if (errno != ENOMEM) fail("growing to %zu bytes is refused with errno %d", size, errno);
            check(old, "refused to grow");
            return;
        }
        check(*grown, "grown");
        bytes_ += size - grown->size;
        grown->size = size;
        common::stamp(end_of(*grown), kEnd, grown->key);
        first_ = grown;
    }

    static void* end_of(Held& block) { return reinterpret_cast<char*>(&block) + block.size - kEnd; }
    static void check(Held& block, const char* when) {
        common::require_stamp(end_of(block), kEnd, block.key, when);
    }

    common::Random random_;
    Sizes sizes_;
    Held* first_ = nullptr;
    std::size_t bytes_ = 0;
};

void take_all_again_and_again(Hoard& hoard) {
    for (const unsigned percent : {50U, 10U, 90U}) {
        hoard.fill();
        hoard.release(percent);
    }
}

struct Companion {
    Hoard hoard;
    Place& place;
};

void* live_as_companion(void* argument) {
    auto& [hoard, place] = *static_cast<Companion*>(argument);
    place.occupy();
    take_all_again_and_again(hoard);
    hoard.release(100);
    place.begin(Activity::kEnd);
    return nullptr;
}

// Returns the bytes that count towards the limit. For writable memory the result is somewhat too large.
std::size_t in_use(__rlimit_resource resource) {
    char text[128] = {};
    const int file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    if (file < 0) fail("no /proc/self/statm");
    const ssize_t length = read(file, text, sizeof text - 1);
    close(file);
    unsigned long addresses = 0;
    unsigned long data = 0;
    if (length <= 0 || std::sscanf(text, "%lu %*u %*u %*u %*u %lu", &addresses, &data) != 2) {
        fail("/proc/self/statm reads '%s'", text);
    }
    return (resource == RLIMIT_AS ? addresses : data) * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

void set_limit(__rlimit_resource resource, rlim_t bytes) {
    rlimit limit{};
    getrlimit(resource, &limit);
    limit.rlim_cur = bytes;
    if (setrlimit(resource, &limit) != 0) fail("setrlimit: %s", std::strerror(errno));
}

} // namespace

void meet_limit(common::Random& random) {
    const bool addresses = random.chance(50);
    const auto resource = addresses ? RLIMIT_AS : RLIMIT_DATA;
    // The window's addresses are reserved already. Only requests above `large_limit` need more.
    if (addresses) heap::control("large_limit:64k");
    const Sizes sizes = addresses ? Sizes{128 << 10, 4 << 20} : Sizes{64, random.chance(50) ? kMiB : 4096};
    rlimit before{};
    getrlimit(resource, &before);

    set_limit(resource, in_use(resource) + (16 + random.below(32)) * kMiB);
    Hoard own(common::Random(random.next()), sizes);
    Place* const place = board->claim();
    if (place == nullptr) fail("no place is left");
    Companion companion{Hoard(common::Random(random.next()), sizes), *place};
    const pthread_t thread = common::start_thread(live_as_companion, &companion);
    take_all_again_and_again(own);
    {
        const WaitingForAnother waiting;
        common::join_thread(thread);
    }
    place->give_back();

    set_limit(resource, in_use(resource) + (16 + random.below(32)) * kMiB);
    own.fill();
    set_limit(resource, before.rlim_cur);
    for (unsigned i = 0; i < 100; i++) {
        my_place->begin(Activity::kAllocate);
        heap::release(heap::allocate_or_fail(sizes.any(random)));
        my_place->done();
    }
    own.release(100);
}

} // namespace soak
