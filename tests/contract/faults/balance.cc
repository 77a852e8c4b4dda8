// SPDX-License-Identifier: MIT
#include "balance.h"

#include "common/build_kind.h"
#include "common/report.h"
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
using common::fail;

struct Remainder {
    const char* what;
    std::size_t count;
};

// Returns the first figure of the idle heap that is not 0. A page that is neither in use nor free keeps its
// superslab from being withdrawn.
Remainder remainder() {
    ashlar_malloc_trim(0);
    superslabs.withdraw_all();
    ashlar_statistics now{};
    ashlar_get_statistics(&now, sizeof now);
    for (const Remainder& each :
         {Remainder{"bytes allocated", now.allocated}, Remainder{"bytes in large blocks", now.large},
          Remainder{"bytes in slabs", now.slabs}, Remainder{"bytes cached", now.cached},
          Remainder{"bytes dirty", now.dirty}, Remainder{"bytes that cannot be withdrawn", now.committed}}) {
        if (each.count != 0) return each;
    }
    return {"", 0};
}

// Retries for 10 s, because the background thread may hold pages. It takes no new work after that.
void require_nothing_left(const char* when) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    Remainder left = remainder();
    while (left.count != 0 && std::chrono::steady_clock::now() < end) {
        sched_yield();
        left = remainder();
    }
    if (left.count != 0) fail("%s: with nothing in use %zu %s", when, left.count, left.what);
}

// Checks that the heap knows all mapped addresses of the window, and that no large mapping lies elsewhere.
void require_addresses(const char* when) {
    if (window.hold == ashlar::os::Hold::kReserved) return; // the whole window is mapped
    std::FILE* const maps = std::fopen("/proc/self/maps", "re");
    if (maps == nullptr) fail("no /proc/self/maps");
    std::size_t in_tables = 0;
    std::size_t in_superslabs = 0;
    char line[512];
    while (std::fgets(line, sizeof line, maps) != nullptr) {
        std::uintptr_t begin = 0;
        std::uintptr_t end = 0;
        if (std::sscanf(line, "%lx-%lx", &begin, &end) != 2) continue;
        if (window.in_tables(reinterpret_cast<void*>(begin))) {
            in_tables += end - begin;
        } else if (begin - window.base < window.capacity()) {
            in_superslabs += end - begin;
        } else if (end - begin >= kMinWindow && !common::kSanitized) {
            fail("%s: addresses %#lx to %#lx are nobody's", when, begin, end);
        }
    }
    std::fclose(maps);
    const bool open = window.capacity() != 0; // otherwise a failed attempt left what it could not unmap
    if (open && in_tables != window.metadata_committed()) {
        fail("%s: %zu bytes of tables are mapped, %zu known", when, in_tables, window.metadata_committed());
    }
    if (in_superslabs != superslabs.committed()) {
        fail("%s: %zu bytes of superslabs are mapped, %zu known", when, in_superslabs,
             superslabs.committed());
    }
}

} // namespace

void require_balance(const char* when) {
    require_nothing_left(when);
    if (fallback_blocks() != 0) fail("%s: %zd blocks of the fallback are out", when, fallback_blocks());
    ashlar_statistics now{};
    ashlar_get_statistics(&now, sizeof now);
    if (now.threads > 1) fail("%s: %zu threads have caches", when, now.threads);
    require_addresses(when);
}

} // namespace faults
