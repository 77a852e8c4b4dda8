// SPDX-License-Identifier: MIT
#include "balance.h"

#include "../stress/build_kind.h"
#include "../stress/report.h"
#include "injector.h"
#include "layout/superslab.h"
#include "layout/window.h"
#include "wrapped_calls.h"

#include <ashlar/ashlar.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <sched.h>

namespace faults {

namespace {

using ashlar::layout::kMinWindow;
using ashlar::layout::superslabs;
using ashlar::layout::window;
using stress::fail;

void require_nothing(const char* what, std::size_t bytes, const char* when) {
    if (bytes != 0) fail("%s: %zu bytes %s", when, bytes, what);
}

// A page that is neither in use nor free keeps its superslab from being withdrawn. The background thread may have
// some in hand for a moment.
void require_all_withdrawn(const char* when) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    do {
        superslabs.withdraw_all();
        if (superslabs.committed() == 0) return;
        sched_yield();
    } while (std::chrono::steady_clock::now() < end);
    fail("%s: with nothing in use %zu superslabs cannot be withdrawn", when,
         superslabs.committed() / ashlar::layout::kSuperslabSize);
}

// The window is mapped as a whole, and nothing as large as a window lies elsewhere: except, after two failures at
// the start, a window that could neither be used nor given back.
void require_addresses(const char* when) {
    const bool may_lie_about = stress::kSanitized || (window.size == 0 && sheet().failures > 1);
    std::FILE* const maps = std::fopen("/proc/self/maps", "re");
    if (maps == nullptr) fail("no /proc/self/maps");
    std::uintptr_t mapped_up_to = window.base;
    const std::uintptr_t window_end = window.base + window.size;
    char line[512];
    while (std::fgets(line, sizeof line, maps) != nullptr) {
        unsigned long begin = 0;
        unsigned long end = 0;
        if (std::sscanf(line, "%lx-%lx", &begin, &end) != 2) continue;
        if (begin <= mapped_up_to && end > mapped_up_to && mapped_up_to < window_end) mapped_up_to = end;
        const bool elsewhere = end <= window.base || begin >= window_end;
        if (elsewhere && end - begin >= kMinWindow && !may_lie_about) {
            fail("%s: addresses %#lx to %#lx are nobody's", when, begin, end);
        }
    }
    std::fclose(maps);
    if (mapped_up_to < window_end) fail("%s: the window is unmapped at %#zx", when, mapped_up_to);
}

} // namespace

void require_balance(const char* when) {
    ashlar_malloc_trim(0);
    ashlar_statistics now{};
    ashlar_get_statistics(&now, sizeof now);
    require_nothing("are allocated", now.allocated, when);
    require_nothing("are in large blocks", now.large, when);
    require_nothing("are in slabs", now.slabs, when);
    require_nothing("are cached", now.cached, when);
    require_all_withdrawn(when);
    require_nothing("are dirty", superslabs.dirty_pages() * ashlar::layout::kPageSize, when);
    if (fallback_blocks() != 0) fail("%s: %zd blocks of the fallback are out", when, fallback_blocks());
    if (now.threads > 1) fail("%s: %zu threads have caches", when, now.threads);
    require_addresses(when);
}

} // namespace faults
