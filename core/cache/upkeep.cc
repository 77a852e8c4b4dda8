// SPDX-License-Identifier: MIT
#include "cache/upkeep.h"

#include "layout/superslab.h"
#include "os/background.h"
#include "os/clock.h"
#include "os/config.h"
#include "slab/supply.h"

#include <atomic>

namespace ashlar::cache {

namespace {

constinit std::atomic<std::uint64_t> last_upkeep{0}; // or first look, by the clock; 0: there was none yet
constinit std::atomic<std::uint32_t> rounds{0};
constinit bool ended = false;

// True if there is something to come back for.
bool do_upkeep() {
    rounds.fetch_add(1, std::memory_order_relaxed);
    bool busy = false;
    slab::shard_pool.for_each_bin(
        [&busy](layout::PageHeader header, slab::Bin& bin) { busy |= bin.tidy(header.size_class()); });
    slab::Bin::forget_served_again();
    slab::for_each_mixed([](slab::MixedSlabs& mixed) { mixed.forget_uses(); });
    layout::superslabs.purge_aged();
    return busy || layout::superslabs.dirty_pages() != 0;
}

void do_upkeep_if_due() {
    const std::uint64_t now = os::coarse_milliseconds();
    std::uint64_t last = last_upkeep.load(std::memory_order_relaxed);
    const std::size_t delay = os::settings.purge_delay_ms.load(std::memory_order_relaxed);
    const bool due = last == 0 || (now >= last && now - last >= delay); // another thread may be ahead of us
    if (!due) return;
    if (last_upkeep.compare_exchange_strong(last, now, std::memory_order_relaxed) && last != 0) do_upkeep();
}

bool in_background() {
    return os::settings.background.load(std::memory_order_relaxed) != 0;
}

} // namespace

std::uint32_t upkeep_after_allocation() {
    if (in_background() && !ended) os::start_background(do_upkeep);
    return upkeep_after_release();
}

std::uint32_t upkeep_after_release() {
    if (!ended && (!in_background() || !os::wake_background())) do_upkeep_if_due();
    return rounds.load(std::memory_order_relaxed);
}

void end_upkeep() {
    ended = true;
}

} // namespace ashlar::cache
