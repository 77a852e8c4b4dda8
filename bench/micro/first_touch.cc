// SPDX-License-Identifier: MIT
// first_touch: allocates blocks of 1 MiB in all (or one larger block), writes to every page, and releases
// them. An allocator that returns memory to the system at once pays for it here, in faults. An operation is a
// malloc, the writes, and a free.
#include "micro/block_array.h"

namespace bench::micro {

namespace {

constexpr std::int64_t kBytes = 1024 * 1024;
constexpr std::int64_t kMostBlocks = 65'536;
constexpr std::size_t kPage = 4096;

void touch_pages(void* block, std::size_t size) {
    auto* const bytes = static_cast<volatile char*>(block);
    for (std::size_t offset = 0; offset < size; offset += kPage) {
        bytes[offset] = 1;
    }
    bytes[size - 1] = 1;
}

void first_touch(benchmark::State& state) {
    BlockArray blocks(kBytes, state.range(0), kMostBlocks);
    const Counters counters(state);
    for ([[maybe_unused]] auto iteration : state) {
        blocks.allocate(state, touch_pages);
        blocks.release();
    }
    counters.report(state.range(0), static_cast<double>(blocks.count()));
}
const bool kRegistered = for_every_size("first_touch", first_touch);

} // namespace

} // namespace bench::micro
