// SPDX-License-Identifier: MIT
#include "cache/decay.h"

#include "os/background.h"
#include "os/clock.h"
#include "os/config.h"
#include "slab/supply.h"

#include <atomic>

namespace ashlar::cache {

constinit std::atomic<unsigned> next_bin{kNoBin};

namespace {

constinit std::atomic<std::uint64_t> last_round{0}; // clock at the last round or first look; 0: no look yet
constinit std::atomic<std::uint32_t> rounds{0};
constinit bool ended = false;

void forget_uses() {
    rounds.fetch_add(1, std::memory_order_relaxed);
    slab::Bin::begin_round();
    slab::for_each_mixed([](slab::MixedSlabs& mixed) { mixed.forget_uses(); });
}

// Does a whole round in the background thread. Returns whether another round is needed.
bool do_round() {
    forget_uses();
    bool busy = drain_idle();
    slab::shard_pool.for_each_bin([&busy](layout::SliceHeader header, slab::Bin& bin) {
        auto decayed = slab::Bin::Decayed::kUnfinished;
        while (decayed == slab::Bin::Decayed::kUnfinished)
            decayed = bin.decay(header.size_class());
        busy |= decayed == slab::Bin::Decayed::kUsed;
    });
    layout::superslabs.purge_aged();
    return busy || layout::superslabs.dirty_slices() != 0;
}

void begin_round_if_due() {
    const std::uint64_t now = os::coarse_milliseconds();
    std::uint64_t last = last_round.load(std::memory_order_relaxed);
    const std::size_t delay = os::settings.purge_delay_ms.load(std::memory_order_relaxed);
    // Another thread may have set a later time.
    const bool due = last == 0 || (now >= last && now - last >= delay);
    if (!due) return;
    if (!last_round.compare_exchange_strong(last, now, std::memory_order_relaxed) || last == 0) return;
    forget_uses();
    next_bin.store(0, std::memory_order_relaxed);
    layout::superslabs.start_purging_aged();
}

bool in_background() {
    return os::settings.background.load(std::memory_order_relaxed) != 0;
}

} // namespace

std::uint32_t decay_after_allocation() {
    if (in_background() && !ended) os::start_background(do_round);
    return decay_after_release();
}

std::uint32_t decay_after_release() {
    if (!ended && (!in_background() || !os::wake_background())) begin_round_if_due();
    return rounds.load(std::memory_order_relaxed);
}

void tidy_next_bin() {
    constexpr unsigned kBins = layout::kClasses - 1; // bins of a shard
    const unsigned end = slab::shard_pool.created() * kBins;
    unsigned number = next_bin.load(std::memory_order_relaxed);
    for (bool done = false; number < end && !done;) {
        const layout::SliceHeader header{static_cast<layout::SizeClass>(number % kBins + 1),
                                         static_cast<layout::Shard>(number / kBins + 1)};
        slab::Bin& bin = slab::shard_pool.bin(header);
        if (bin.slabs() != 0) {
            if (bin.decay(header.size_class()) == slab::Bin::Decayed::kUnfinished) return;
            done = true;
        }
        if (next_bin.compare_exchange_strong(number, number + 1, std::memory_order_relaxed)) ++number;
    }
    // A new round may have begun.
    if (number >= end) next_bin.compare_exchange_strong(number, kNoBin, std::memory_order_relaxed);
}

void end_decay() {
    ended = true;
    next_bin.store(kNoBin, std::memory_order_relaxed);
}

} // namespace ashlar::cache
