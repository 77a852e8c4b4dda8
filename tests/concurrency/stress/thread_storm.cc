// SPDX-License-Identifier: MIT
//
// Thousands of short threads, a few at a time. Each allocates, frees most blocks, leaves some to its
// successors and frees some of its predecessors. The number of blocks in use stays the same, so RSS must too.
//
// usage: thread_storm [--threads N] [--parallel N] [--seed N] [--expect-ashlar]
#include "common/arguments.h"
#include "common/build_kind.h"
#include "common/heap.h"
#include "common/random.h"
#include "common/report.h"
#include "common/resident.h"
#include "common/stamp.h"
#include "common/thread.h"

#include <array>
#include <cstdint>
#include <deque>
#include <mutex>
#include <random>

namespace {

using namespace common;

struct Block {
    void* address = nullptr;
    std::size_t size = 0;
    std::uint64_t key = 0;
};

// Blocks left by ended threads, for all later threads.
struct Estate {
    std::mutex mutex;
    std::array<Block, 512> blocks;
};
Estate estate;

Block make(Random& random) {
    Block block;
    block.size = random.below(random.chance(98) ? 2048 : 32768);
    block.address = heap::allocate_or_fail(block.size);
    block.key = random.next();
    stamp(block.address, block.size, block.key);
    return block;
}

void unmake(const Block& block) {
    if (block.address == nullptr) return;
    require_stamp(block.address, block.size, block.key, "left behind");
    heap::release(block.address);
}

void* live(void* argument) {
    current_thread = static_cast<unsigned>(reinterpret_cast<std::uintptr_t>(argument));
    Random random(run_seed * 1000003 + current_thread);
    std::array<Block, 100> own;
    for (Block& block : own)
        block = make(random);
    for (unsigned i = 0; i < 10; i++) {
        const std::lock_guard lock(estate.mutex);
        std::swap(own[i], estate.blocks[random.below(estate.blocks.size())]);
    }
    for (const Block& block : own)
        unmake(block);
    return nullptr;
}

} // namespace

int main(int count, char** values) {
    Arguments arguments(count, values);
    const std::uint64_t threads = arguments.number("--threads", scaled(10000));
    const std::uint64_t parallel = arguments.number("--parallel", 8);
    run_seed = arguments.number("--seed", std::random_device()());
    if (arguments.flag("--expect-ashlar")) heap::require_ashlar();
    arguments.refuse_others();

    std::deque<pthread_t> running;
    std::size_t half = 0;
    for (std::uintptr_t number = 0; number < threads; number++) {
        if (running.size() == parallel) {
            join_thread(running.front());
            running.pop_front();
        }
        running.push_back(start_thread(live, reinterpret_cast<void*>(number)));
        if (number == threads / 2) half = resident_kib();
    }
    const std::size_t end = resident_kib();
    for (const pthread_t thread : running)
        join_thread(thread);
    for (const Block& block : estate.blocks)
        unmake(block);

    std::printf("thread_storm: %llu threads, seed %llu, resident %zu KiB at half time, %zu KiB at the end\n",
                static_cast<unsigned long long>(threads), static_cast<unsigned long long>(run_seed), half,
                end);
    if (!kSanitized) require_flat(half, end);
}
