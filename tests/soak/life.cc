// SPDX-License-Identifier: MIT
#include "life.h"

#include "build_kind.h"
#include "child.h"
#include "heap.h"
#include "interruptions.h"
#include "limits.h"
#include "report.h"
#include "thread.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <sys/prctl.h>
#include <unistd.h>

namespace soak {

using stress::fail;
using stress::kSanitized;
namespace heap = stress::heap;

namespace {

constexpr unsigned kDeepest = 2;
constexpr unsigned kMostChildren = 3;

// Exchanged without a lock: a child finds each block either here or nowhere.
std::array<std::atomic<stress::Block*>, 64> passed_on;

// What the place gets is in a block of the heap itself.
stress::Block put_and_take(std::atomic<stress::Block*>& place, const stress::Block& block) {
    stress::Block* letter = nullptr;
    if (block.address != nullptr) {
        letter = static_cast<stress::Block*>(heap::allocate_or_fail(sizeof block));
        *letter = block;
    }
    const stress::Block* const found = place.exchange(letter, std::memory_order_acq_rel);
    if (found == nullptr) return {};
    const stress::Block taken = *found;
    heap::release(const_cast<stress::Block*>(found));
    return taken;
}

// Numbers of any time, small enough to matter and large enough not to.
constexpr const char* kSettings[] = {
    "prewarm:true",        "prewarm:false",   "background:true", "background:false", "thread_cache:0",
    "thread_cache:64k",    "thread_cache:1m", "thread_cache:8m", "purge_delay_ms:1", "purge_delay_ms:50",
    "purge_delay_ms:1000", "dirty_limit:0",   "dirty_limit:1m",  "dirty_limit:32m",  "dirty_limit:1g",
    "large_limit:64k",     "large_limit:1m",  "large_limit:16g",
};

bool begins_with(const char* text, const char* start) {
    return std::strncmp(text, start, std::strlen(start)) == 0;
}

struct Guest {
    Life& life;
    Place& place;
    std::uint64_t steps;
};

void* live_as_guest(void* argument) {
    const auto& [life, place, steps] = *static_cast<Guest*>(argument);
    place.occupy();
    const std::optional<Interruptions> interruptions = perhaps_interrupted(life.random());
    life.live(steps);
    place.begin(Activity::kEnd);
    return nullptr;
}

} // namespace

void Life::live(std::uint64_t steps) {
    for (std::uint64_t i = 0; i < steps && !board->stopping.load(std::memory_order_relaxed); i++) {
        stress::current_step++;
        step();
    }
}

void Life::step() {
    Block& block = blocks_[random_.below(blocks_.size())];
    const std::size_t kind = random_.below(20000);
    if (kind == 0) {
        my_place->begin(Activity::kTrim);
        heap::trim(random_.below(1 << 20));
        my_place->done();
    } else if (kind < 30) {
        fork_child();
    } else if (kind < 40) {
        host_guest();
    } else if (kind < 80) {
        change_setting();
    } else if (kind < 220) {
        do_with(block, Activity::kRefuse);
    } else if (kind < 1500) {
        do_with(block, Activity::kPassOn);
    } else if (block.address == nullptr) {
        do_with(block, Activity::kAllocate);
    } else if (kind < 7000) {
        do_with(block, Activity::kResize);
    } else if (kind < 8000) {
        do_with(block, Activity::kCheck);
    } else {
        do_with(block, Activity::kRelease);
    }
}

void Life::do_with(Block& block, Activity activity) {
    my_place->begin(activity);
    switch (activity) {
    case Activity::kAllocate:
        calls_.allocate(block, size());
        break;
    case Activity::kResize:
        calls_.resize(block, other_size(block));
        break;
    case Activity::kCheck:
        calls_.check(block);
        break;
    case Activity::kRelease:
        calls_.release(block);
        break;
    case Activity::kRefuse:
        calls_.refuse_impossible(block);
        break;
    default:
        block = put_and_take(passed_on[random_.below(passed_on.size())], block);
        break;
    }
    my_place->done();
}

// Mostly small, because more happens then; one in five hundred from 64 KiB to 8 MiB.
std::size_t Life::size() {
    const std::size_t kind = random_.below(1000);
    if (kind < 850) return random_.below(1025);
    if (kind < 998) return stress::any_size(random_);
    const std::size_t least = std::size_t{64 << 10} << random_.below(kSanitized ? 3 : 7);
    return least + random_.below(least);
}

// Smaller, a little larger, or any other.
std::size_t Life::other_size(const Block& block) {
    constexpr std::size_t kLargest = std::size_t{32} << 20;
    if (random_.chance(40)) return random_.below(block.usable + 1);
    if (random_.chance(30)) return std::min(block.usable + random_.below(block.usable / 4 + 64), kLargest);
    return size();
}

void Life::change_setting() {
    const char* const setting = kSettings[random_.below(std::size(kSettings))];
    // Above `large_limit` the sanitizer's malloc serves, which is not ready for fork; nor are its threads.
    if (kSanitized && begins_with(setting, "large_limit")) return;
    if (kSanitized && in_child_ && begins_with(setting, "background")) return;
    my_place->begin(Activity::kSetting);
    const int error = heap::control(setting);
    if (error > 0) fail("'%s' is refused: %s", setting, std::strerror(error));
    my_place->done();
}

void Life::host_guest() {
    if (depth_ == kDeepest || (kSanitized && in_child_)) return;
    my_place->begin(Activity::kGuest);
    Place* const place = board->claim();
    if (place == nullptr) return;
    depth_++;
    Guest guest{*this, *place, 10 + random_.below(1000)};
    const pthread_t thread = stress::start_thread(live_as_guest, &guest);
    {
        const WaitingForAnother waiting;
        stress::join_thread(thread);
    }
    depth_--;
    place->give_back();
    my_place->begin(Activity::kGuest);
    my_place->done();
}

void Life::fork_child() {
    if (depth_ == kDeepest) return;
    if (board->children.fetch_add(1) < kMostChildren) {
        my_place->begin(Activity::kFork);
        Place* const place = board->claim();
        if (place == nullptr) fail("no place is left");
        const pid_t child = fork();
        if (child < 0) fail("fork: %s", std::strerror(errno));
        if (child == 0) live_as_child(*place);
        {
            const WaitingForAnother waiting;
            stress::require_success(child);
        }
        place->give_back();
        my_place->done();
    }
    board->children.fetch_sub(1);
}

void Life::live_as_child(Place& place) {
    place.occupy();
    prctl(PR_SET_PDEATHSIG, SIGKILL); // nothing outlives the watcher
    if (kSanitized) heap::control("background:false");
    depth_++;
    in_child_ = true;
    const std::optional<Interruptions> interruptions = perhaps_interrupted(random_);
    for (const Block& block : blocks_) {
        if (block.address != nullptr) calls_.check(block);
    }
    live(random_.below(300));
    if (random_.chance(50)) release_passed_on();
    if (!kSanitized && random_.chance(8)) meet_limit(random_);
    live(random_.below(100));
    release_all();
    my_place->begin(Activity::kEnd);
    // exit() runs what the allocator has for the end of a process; sanitizers have too much of their own
    // there.
    if (!kSanitized && random_.chance(50)) std::exit(0);
    _exit(0);
}

void Life::leave() {
    for (Block& block : blocks_) {
        if (random_.chance(20)) do_with(block, Activity::kPassOn);
    }
    release_all();
    my_place->begin(Activity::kEnd);
    my_place->done();
}

void Life::release_all() {
    for (Block& block : blocks_) {
        if (block.address != nullptr) do_with(block, Activity::kRelease);
    }
}

void release_passed_on() {
    for (std::atomic<stress::Block*>& place : passed_on) {
        my_place->begin(Activity::kPassOn);
        const stress::Block block = put_and_take(place, {});
        if (block.address == nullptr) continue;
        stress::require_stamp(block.address, block.usable, block.key, "passed on");
        heap::release(block.address);
        my_place->done();
    }
}

} // namespace soak
