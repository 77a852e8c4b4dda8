// SPDX-License-Identifier: MIT
#include "guard/quarantine.h"

#include "cache/thread_registry.h"
#include "layout/superslab.h"
#include "os/config.h"

#include <algorithm>

namespace ashlar::guard {

namespace {
constexpr std::size_t kShareOfHeap = 8;
}

void Quarantine::look_at_heap() {
    const std::size_t heap = layout::superslabs.pages_in_use() * layout::kPageSize;
    const std::size_t threads = std::max<std::size_t>(cache::thread_registry.live(), 1);
    limit_ = std::min(std::max(heap / kShareOfHeap / threads, kLeast),
                      os::settings.quarantine.load(std::memory_order_relaxed));
}

// Who forks in a signal handler that interrupted this thread may find the sum and the slots at odds.
bool Quarantine::make_room(std::size_t size, Waiting& leaving) {
    look_at_heap();
    if (!full(size)) return true;
    leaving = take();
    if (!leaving.any()) set_bytes(0);
    return !leaving.any();
}

// The last that is taken; the slots from there on are used no more, so that a steady program comes here
// rarely.
Waiting Quarantine::take() {
    Waiting taken;
    while (!taken.any() && slots_in_use_ > 1)
        taken = empty(--slots_in_use_);
    if (!taken.any()) taken = empty(0);
    if (bytes() == 0) slots_in_use_ = kSlots;
    if (next_slot_ >= slots_in_use_) draw();
    return taken;
}

} // namespace ashlar::guard
