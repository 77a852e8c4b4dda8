// SPDX-License-Identifier: MIT
//
// old_kernel_moves [--seed <number>]
//
// Replaces and grows large blocks on a kernel that refuses to move pages of several mappings (old_kernel.h).
// Some blocks make borders between mappings that the heap cannot know. Contents must be kept, moves must
// continue after a refusal, and in the end nothing may be lost.
#include "common/arguments.h"
#include "common/heap.h"
#include "common/random.h"
#include "common/report.h"
#include "common/stamp.h"
#include "layout/superslab.h"
#include "old_kernel.h"

#include <array>
#include <cinttypes>
#include <cstdio>
#include <random>
#include <sys/mman.h>

namespace {

using common::Density;
using common::fail;
using common::Random;
using faults::moves;
namespace heap = common::heap;

constexpr std::size_t kPage = 4096;
constexpr std::size_t kLeast = std::size_t{512} << 10;
constexpr std::size_t kRange = std::size_t{8} << 20;
constexpr std::uint64_t kSteps = 3000;

struct Block {
    char* address = nullptr;
    std::size_t size = 0;
    std::uint64_t key = 0;
};

// Also touches pages between the stamps, because the heap does not move sparsely resident blocks.
void write(Block& block, std::uint64_t key) {
    block.key = key;
    for (std::size_t at = kPage / 2; at < block.size - kPage; at += 2 * kPage)
        block.address[at] = 1;
    common::stamp(block.address, block.size, key, Density::kSparse);
}

void require_contents(const Block& block, const char* when) {
    if (block.address != nullptr)
        common::require_stamp(block.address, block.size, block.key, when, Density::kSparse);
}

void replace(Block& block, std::size_t size, std::uint64_t key) {
    require_contents(block, "before its release");
    heap::release(block.address);
    block = {static_cast<char*>(heap::allocate_or_fail(size)), size, 0};
    write(block, key);
}

void grow(Block& block, std::size_t more, std::uint64_t key) {
    const std::size_t size = block.size + more;
    auto* const moved = static_cast<char*>(heap::resize(block.address, size));
    if (moved == nullptr) fail("no memory for %zu bytes", size);
    common::require_stamp(moved, block.size, block.key, "after it grew", Density::kSparse);
    block = {moved, size, 0};
    write(block, key);
}

// Gives advice on some pages. It outlives the block's release and so splits the mapping.
void make_borders(const Block& block, Random& random) {
    const std::size_t pages = block.size / kPage / 2;
    char* const start = block.address - reinterpret_cast<std::uintptr_t>(block.address) % kPage + kPage;
    if (::madvise(start + random.below(pages) * kPage, pages / 2 * kPage, MADV_DONTDUMP) != 0)
        fail("no advice is taken");
}

void replace_and_grow(Random& random) {
    std::array<Block, 12> blocks{};
    for (std::uint64_t step = 1; step <= kSteps; ++step) {
        common::current_step = step;
        Block& block = blocks[random.below(blocks.size())];
        if (block.address != nullptr && random.chance(20)) {
            grow(block, random.below(kLeast), step);
        } else {
            replace(block, kLeast + random.below(kRange), step);
        }
        if (random.chance(1)) make_borders(block, random);
        for (const Block& each : blocks)
            require_contents(each, "while another was replaced");
    }
    for (const Block& each : blocks)
        heap::release(each.address);
}

void require_nothing_lost() {
    heap::trim(0);
    ashlar::layout::superslabs.withdraw_all(); // superslabs with a lost page are not withdrawn
    const ashlar_statistics now = heap::statistics();
    if (now.committed != 0) fail("with nothing in use %zu bytes cannot be withdrawn", now.committed);
}

} // namespace

int main(int count, char** arguments) {
    common::Arguments line(count, arguments);
    common::run_seed = line.number("--seed", std::random_device()());
    line.refuse_others();
    Random random(common::run_seed);
    replace_and_grow(random);
    require_nothing_lost();
    const std::uint64_t done = moves.done.load();
    const std::uint64_t refused = moves.refused.load();
    const std::uint64_t after = moves.done_after.load();
    std::printf("%" PRIu64 " moves, %" PRIu64 " of them after the first refusal, %" PRIu64 " refused\n", done,
                after, refused);
    if (refused == 0) fail("no move was refused");
    if (after < 10 * refused) fail("refusals ended the moving");
    return 0;
}
