// SPDX-License-Identifier: MIT
#include "heap/external.h"

#include "heap/fallback.h"
#include "layout/window.h"
#include "os/page_memory.h"
#include "os/process.h"

#include <cstddef>
#include <cstdint>

namespace ashlar::heap {

namespace {

// Limits that the blocks of every malloc respect.
constexpr std::uintptr_t kLeastAddress = 65536; // by default the system maps nothing below
constexpr std::uintptr_t kLeastAlignment = 8;
#ifdef __x86_64__
// The limit with five levels of page tables.
constexpr std::uintptr_t kGreatestAddress = (std::uintptr_t{1} << 56) - 1;
#else
constexpr std::uintptr_t kGreatestAddress = UINTPTR_MAX; // the highest bits may be a tag
#endif
// Checked part of the main thread's stack, which grows down.
constexpr std::size_t kStack = std::size_t{1} << 20;

} // namespace

std::string_view objection_to(const void* address) {
    const auto number = reinterpret_cast<std::uintptr_t>(address);
    if (number < kLeastAddress) return "programs have nothing below 64 KiB";
    if (number > kGreatestAddress) return "programs have no such address";
    if (number % kLeastAlignment != 0) return "misaligned, and outside of the heap";
    if (reinterpret_cast<std::uintptr_t>(os::start_of_stack()) - number < kStack) {
        return "on the main thread's stack";
    }
    if (layout::window.in_tables(address)) return "in the allocator's own tables";
    if (layout::window.claims(address) && !os::is_mapped(address))
        return "no memory is there"; // not ours, and no other mapping either
    return fallback::objection_to(address);
}

} // namespace ashlar::heap
