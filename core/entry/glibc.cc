// SPDX-License-Identifier: MIT
//
// glibc's extras around malloc, speaking of Ashlar's heap. A program that asks mallinfo2 how much it holds,
// or malloc_trim to let go, should not get the answer for glibc's empty heap.
#include "guard/guard.h"
#include "observe/statistics.h"
#include "os/message.h"

#include <algorithm>
#include <climits>
#include <cstdio>
#include <malloc.h>

using namespace ashlar; // NOLINT(google-build-using-namespace): this file is names, nothing else

namespace {

// glibc's older structure has ints; what does not fit is cut off at the largest.
int narrow(std::size_t value) {
    return static_cast<int>(std::min(value, static_cast<std::size_t>(INT_MAX)));
}

bool known_parameter(int parameter) {
    switch (parameter) {
    case M_MXFAST:
    case M_NLBLKS:
    case M_GRAIN:
    case M_KEEP:
    case M_TRIM_THRESHOLD:
    case M_TOP_PAD:
    case M_MMAP_THRESHOLD:
    case M_MMAP_MAX:
    case M_CHECK_ACTION:
    case M_PERTURB:
    case M_ARENA_TEST:
    case M_ARENA_MAX:
        return true;
    default:
        return false;
    }
}

void append(os::Message& xml, std::string_view type, std::size_t bytes) {
    xml.text("<system type=\"").text(type).text("\" size=\"").number(bytes).text("\"/>\n");
}

} // namespace

#pragma GCC visibility push(default)
extern "C" {

int malloc_trim(std::size_t keep) noexcept {
    return guard::trim(keep) ? 1 : 0;
}

// The window's slabs count as the arena, what the fallback serves as mapped blocks.
struct mallinfo2 mallinfo2() noexcept {
    const ashlar_statistics s = observe::gather();
    struct mallinfo2 info = {};
    info.arena = s.slabs + s.large;
    info.ordblks = 1;
    info.hblks = s.fallback != 0 ? 1 : 0;
    info.hblkhd = s.fallback;
    info.uordblks = s.allocated;
    info.fordblks = info.arena - std::min(info.arena, s.allocated);
    info.keepcost = s.cached;
    return info;
}

struct mallinfo mallinfo() noexcept {
    const struct mallinfo2 wide = mallinfo2();
    struct mallinfo info = {};
    info.arena = narrow(wide.arena);
    info.ordblks = narrow(wide.ordblks);
    info.hblks = narrow(wide.hblks);
    info.hblkhd = narrow(wide.hblkhd);
    info.uordblks = narrow(wide.uordblks);
    info.fordblks = narrow(wide.fordblks);
    info.keepcost = narrow(wide.keepcost);
    return info;
}

int mallopt(int parameter, int /*value*/) noexcept {
    return known_parameter(parameter) ? 1 : 0;
}

void malloc_stats() noexcept {
    observe::print(observe::gather());
}

int malloc_info(int options, FILE* stream) noexcept {
    if (options != 0) return EINVAL;
    const ashlar_statistics s = observe::gather();
    os::Message xml;
    xml.text("<malloc version=\"1\">\n<heap nr=\"0\">\n</heap>\n");
    append(xml, "current", s.slabs + s.large + s.fallback);
    append(xml, "allocated", s.allocated + s.fallback);
    append(xml, "cached", s.cached);
    append(xml, "metadata", s.metadata);
    append(xml, "fallback", s.fallback);
    xml.text("</malloc>\n");
    return ::fwrite(xml.view().data(), 1, xml.view().size(), stream) == xml.view().size() ? 0 : -1;
}

} // extern "C"
#pragma GCC visibility pop
