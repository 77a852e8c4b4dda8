// SPDX-License-Identifier: MIT
#include "cache/upkeep.h"

#include "layout/superslab.h"
#include "os/background.h"
#include "os/clock.h"
#include "os/config.h"
#include "slab/shard_pool.h"

#include <atomic>

namespace ashlar::cache {

namespace {

constinit std::atomic<std::uint64_t> next_due{0}; // by the clock; 0: it has not been looked at yet
constinit std::atomic<std::uint32_t> rounds{0};

// True if there is something to come back for.
bool do_upkeep() {
    rounds.fetch_add(1, std::memory_order_relaxed);
    bool busy = false;
    slab::shard_pool.for_each_bin(
        [&busy](layout::PageHeader header, slab::Bin& bin) { busy |= bin.tidy(header.size_class()); });
    layout::superslabs.purge_aged();
    return busy || layout::superslabs.dirty_pages() != 0;
}

void do_upkeep_if_due() {
    const std::uint64_t now = os::coarse_milliseconds();
    std::uint64_t due = next_due.load(std::memory_order_relaxed);
    if (now < due) return;
    const std::uint64_t next = now + os::settings.purge_delay_ms.load(std::memory_order_relaxed);
    if (next_due.compare_exchange_strong(due, next, std::memory_order_relaxed) && due != 0) do_upkeep();
}

bool in_background() {
    return os::settings.background.load(std::memory_order_relaxed) != 0;
}

} // namespace

std::uint32_t upkeep_after_allocation() {
    if (in_background()) os::start_background(do_upkeep);
    return upkeep_after_release();
}

std::uint32_t upkeep_after_release() {
    if (!in_background() || !os::wake_background()) do_upkeep_if_due();
    return rounds.load(std::memory_order_relaxed);
}

} // namespace ashlar::cache
