// SPDX-License-Identifier: MIT
//
// glibc's functions around malloc, for Ashlar's heap. Without them mallinfo2 would report, and malloc_trim
// would trim, glibc's own empty heap.
#include "guard/guard.h"
#include "observe/formats.h"
#include "observe/statistics.h"

#include <algorithm>
#include <climits>
#include <cstdio>
#include <malloc.h>
#include <string_view>
#include <unistd.h>

using namespace ashlar; // NOLINT(google-build-using-namespace): this file is names, nothing else

namespace {

// Clamps a value to INT_MAX, for the ints of glibc's older structure.
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

bool write_to_stream(void* stream, std::string_view text) {
    return ::fwrite(text.data(), 1, text.size(), static_cast<FILE*>(stream)) == text.size();
}

} // namespace

#pragma GCC visibility push(default)
extern "C" {

int malloc_trim(std::size_t keep) noexcept {
    return guard::trim(keep) ? 1 : 0;
}

// Slabs and large blocks are the arena. The fallback's bytes are mapped blocks.
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
    int descriptor = STDERR_FILENO;
    observe::write(observe::Format::kText, observe::write_to_descriptor, &descriptor, "ashlar: ");
}

int malloc_info(int options, FILE* stream) noexcept {
    if (options != 0) return EINVAL;
    return observe::write(observe::Format::kXml, write_to_stream, stream) ? 0 : -1;
}

} // extern "C"
#pragma GCC visibility pop
