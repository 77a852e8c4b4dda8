// SPDX-License-Identifier: MIT
#include "meeting.h"

#include "common/heap.h"
#include "common/stamp.h"

#include <array>
#include <atomic>
#include <cstdint>
#include <ctime>

namespace soak {

namespace heap = common::heap;

namespace {

constexpr long kLength = 500; // length of a meeting and of the pause, in milliseconds
constexpr std::size_t kStamped = 16;
constexpr unsigned kTrims = 1;   // percent of the calls of meet()
constexpr unsigned kStamps = 10; // same; touching all blocks would take most of the time

// Blocks that one thread allocated and another one releases.
struct Hand {
    std::array<void*, 24> blocks;
};

std::atomic<std::size_t> wanted{0};
std::array<std::atomic<Hand*>, 16> table;

bool time_for_a_meeting() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (now.tv_sec * 1000 + now.tv_nsec / 1'000'000) / kLength % 2 == 1;
}

// Returns 16 bytes to 30 KiB, and sometimes up to 960 KiB.
std::size_t any_wanted(common::Random& random) {
    const std::size_t doublings = random.chance(85) ? random.below(11) : 11 + random.below(5);
    return (8 + random.below(8)) << (1 + doublings);
}

void stamp_and_check(const Hand& hand, std::uint64_t key) {
    for (std::size_t i = 0; i < hand.blocks.size(); i++)
        common::stamp(hand.blocks[i], kStamped, key + i);
    for (std::size_t i = 0; i < hand.blocks.size(); i++)
        common::require_stamp(hand.blocks[i], kStamped, key + i, "at a meeting");
}

void release(Hand* hand) {
    if (hand == nullptr) return;
    for (void* const block : hand->blocks)
        heap::release(block);
    heap::release(hand);
}

} // namespace

void hold_meetings(common::Random& random) {
    const bool open = wanted_at_meeting() != 0;
    if (time_for_a_meeting() == open) return;
    if (!open) { // lasts until another setting is chosen
        heap::control(random.chance(50) ? "thread_cache:0" : "thread_cache:1m");
        heap::control("large_limit:16g");
    }
    wanted.store(open ? 0 : any_wanted(random), std::memory_order_relaxed);
}

std::size_t wanted_at_meeting() {
    return wanted.load(std::memory_order_relaxed);
}

void meet(std::size_t size, common::Random& random) {
    auto* const brought = static_cast<Hand*>(heap::allocate_or_fail(sizeof(Hand)));
    for (void*& block : brought->blocks)
        block = heap::allocate_or_fail(size);
    if (random.chance(kStamps)) stamp_and_check(*brought, random.next());
    release(table[random.below(table.size())].exchange(brought, std::memory_order_acq_rel));
    if (random.chance(kTrims)) heap::trim(0);
}

void clear_meeting() {
    for (std::atomic<Hand*>& place : table)
        release(place.exchange(nullptr, std::memory_order_acq_rel));
}

} // namespace soak
