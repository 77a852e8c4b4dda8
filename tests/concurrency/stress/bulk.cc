// SPDX-License-Identifier: MIT
//
// Allocates many blocks of one size, then frees all in order of allocation, backwards, or shuffled. Repeats
// that for each size and cycle. Each cycle holds the same amount, so peaks of RSS must not grow after the
// first two. (The amount of reserves for the next size depends on the clock.)
//
// usage: bulk [--kib N] [--cycles N] [--seed N] [--expect-ashlar]
#include "common/arguments.h"
#include "common/build_kind.h"
#include "common/class_sizes.h"
#include "common/heap.h"
#include "common/random.h"
#include "common/report.h"
#include "common/resident.h"
#include "common/stamp.h"

#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

namespace {

using namespace common;

enum class Order { kSame, kReverse, kRandom };
constexpr Order kOrders[] = {Order::kSame, Order::kReverse, Order::kRandom};

void cycle(std::vector<void*>& blocks, std::size_t size, std::size_t count, Order order, Random& random) {
    blocks.resize(count);
    // Writes only the ends. Writing whole blocks would measure memory bandwidth.
    const std::size_t front = std::min<std::size_t>(size, 64);
    const std::size_t back = size >= 128 ? 64 : 0;
    for (std::size_t i = 0; i < count; i++) {
        blocks[i] = heap::allocate_or_fail(size);
        stamp(blocks[i], front, i);
        stamp(static_cast<char*>(blocks[i]) + size - back, back, ~i);
    }
    for (std::size_t i = 0; i < count; i++) {
        require_stamp(blocks[i], front, i, "front");
        require_stamp(static_cast<char*>(blocks[i]) + size - back, back, ~i, "back");
    }
    if (order == Order::kReverse) std::reverse(blocks.begin(), blocks.end());
    if (order == Order::kRandom) {
        for (std::size_t i = count; i > 1; i--)
            std::swap(blocks[i - 1], blocks[random.below(i)]);
    }
    for (void* block : blocks)
        heap::release(block);
}

} // namespace

int main(int count, char** values) {
    Arguments arguments(count, values);
    const std::size_t bytes = arguments.number("--kib", 4096) * 1024;
    const std::uint64_t cycles = arguments.number("--cycles", kSanitized ? 2 : 6);
    run_seed = arguments.number("--seed", std::random_device()());
    if (arguments.flag("--expect-ashlar")) heap::require_ashlar();
    arguments.refuse_others();

    Random random(run_seed);
    std::vector<void*> blocks;
    std::size_t early = 0; // the peak of the first two cycles, and of the later ones
    std::size_t late = 0;
    for (current_step = 0; current_step < cycles; current_step++) {
        for_each_class_size(65536, [&](std::size_t size) {
            for (const Order order : kOrders)
                cycle(blocks, size, scaled(bytes / size), order, random);
            std::size_t& most = current_step < 2 ? early : late;
            most = std::max(most, resident_kib());
        });
    }
    std::printf("bulk: %llu cycles, seed %llu, resident %zu KiB at most in two, %zu KiB later\n",
                static_cast<unsigned long long>(cycles), static_cast<unsigned long long>(run_seed), early,
                late);
    if (!kSanitized) require_flat(early, late);
}
