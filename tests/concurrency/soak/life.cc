// SPDX-License-Identifier: MIT
#include "life.h"

#include "common/any_operation.h"
#include "common/build_kind.h"
#include "common/child.h"
#include "common/heap.h"
#include "common/report.h"
#include "common/thread.h"
#include "free_blocks.h"
#include "interruptions.h"
#include "limits.h"
#include "meeting.h"

#include <algorithm>
#include <array>
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

using common::fail;
using common::kSanitized;
namespace heap = common::heap;

namespace {

constexpr std::size_t kBlocks = 100; // blocks of a life
constexpr unsigned kDeepest = 2;
constexpr unsigned kMostChildren = 3;
constexpr unsigned kMeetingsPerFork = kSanitized ? 1024 : 64; // calls of meet() of one thread

common::Shadow no_shadow(false); // stamps find overlaps too, and threads need not take turns

// Exchanged without a lock: a child finds each block either here or nowhere.
std::array<std::atomic<common::Block*>, 64> passed_on;

// Stores `block` in a heap block at `place`, and returns the block that was there.
common::Block put_and_take(std::atomic<common::Block*>& place, const common::Block& block) {
    common::Block* letter = nullptr;
    if (block.address != nullptr) {
        letter = static_cast<common::Block*>(heap::allocate_or_fail(sizeof block));
        *letter = block;
    }
    const common::Block* const found = place.exchange(letter, std::memory_order_acq_rel);
    if (found == nullptr) return {};
    const common::Block taken = *found;
    heap::release(const_cast<common::Block*>(found));
    return taken;
}

// Settings that may change at any time. The values are small enough to have an effect and large enough to do
// no harm.
constexpr const char* kSettings[] = {
    "prewarm:true",        "prewarm:false",   "background:true", "background:false", "thread_cache:0",
    "thread_cache:64k",    "thread_cache:1m", "thread_cache:8m", "purge_delay_ms:1", "purge_delay_ms:50",
    "purge_delay_ms:1000", "dirty_limit:0",   "dirty_limit:1m",  "dirty_limit:32m",  "dirty_limit:1g",
    "large_limit:64k",     "large_limit:1m",  "large_limit:16g",
};

bool begins_with(const char* text, const char* start) {
    return std::strncmp(text, start, std::strlen(start)) == 0;
}

} // namespace

// Stamps all blocks as a whole.
Life::Life(std::uint64_t seed) : random_(seed), model_(no_shadow, kBlocks, random_.next(), 1, SIZE_MAX) {}

void Life::live(std::uint64_t steps) {
    for (std::uint64_t i = 0; i < steps && !board->stopping.load(std::memory_order_relaxed); i++) {
        common::current_step++;
        step();
    }
}

void Life::step() {
    const std::size_t wanted = in_child_ ? 0 : wanted_at_meeting();
    if (wanted != 0) {
        go_to_meeting(wanted);
        return;
    }
    const std::size_t slot = random_.below(kBlocks);
    const std::size_t kind = random_.below(20000);
    if (kind == 0) {
        do_with(slot, Activity::kTrim);
    } else if (kind < 30) {
        fork_child();
    } else if (kind < 40) {
        host(&Life::live_some);
    } else if (kind < 80) {
        change_setting();
    } else if (kind < 220) {
        do_with(slot, Activity::kRefuse);
    } else if (kind < 1500) {
        do_with(slot, Activity::kPassOn);
    } else if (model_.block(slot).address == nullptr) {
        do_with(slot, Activity::kAllocate);
    } else if (kind < 7000) {
        do_with(slot, Activity::kResize);
    } else if (kind < 8000) {
        do_with(slot, Activity::kCheck);
    } else {
        do_with(slot, Activity::kRelease);
    }
}

void Life::do_with(std::size_t slot, Activity activity) {
    my_place->begin(activity);
    if (activity == Activity::kPassOn) {
        Block& block = model_.block(slot);
        block = put_and_take(passed_on[random_.below(passed_on.size())], block);
    } else {
        model_.perform(operation_for(slot, activity));
    }
    my_place->done();
}

common::Operation Life::operation_for(std::size_t slot, Activity activity) {
    const Block& block = model_.block(slot);
    switch (activity) {
    case Activity::kTrim:
        return {.call = common::Call::kTrim, .size = random_.below(1 << 20)};
    case Activity::kAllocate:
        return allocation(slot, size());
    case Activity::kResize:
        return any_resize(random_, slot, other_size(block));
    case Activity::kRelease:
        return any_release(random_, slot);
    case Activity::kRefuse: {
        common::Operation impossible =
            block.address == nullptr ? allocation(slot, 0) : any_resize(random_, slot, 0);
        impossible.size = common::impossible_size(random_);
        return impossible;
    }
    default:
        return {.call = common::Call::kCheck, .slot = slot};
    }
}

common::Operation Life::allocation(std::size_t slot, std::size_t size) {
    common::Operation operation = any_allocation(random_, slot, size);
    // Huge alignments would reach the sanitizer's malloc, which does not support fork.
    if (kSanitized) operation.alignment = std::min(operation.alignment, std::size_t{1} << 20);
    return operation;
}

// Returns a size, mostly small, because more happens then. One in 500 is 64 KiB to 8 MiB.
std::size_t Life::size() {
    const std::size_t kind = random_.below(1000);
    if (kind < 850) return random_.below(1025);
    if (kind < 998) return common::any_size(random_);
    const std::size_t least = std::size_t{64 << 10} << random_.below(kSanitized ? 3 : 7);
    return least + random_.below(least);
}

// Returns a size that is smaller, a little larger, or any other.
std::size_t Life::other_size(const Block& block) {
    constexpr std::size_t kLargest = std::size_t{32} << 20;
    if (random_.chance(40)) return random_.below(block.usable + 1);
    if (random_.chance(30)) return std::min(block.usable + random_.below(block.usable / 4 + 64), kLargest);
    return size();
}

void Life::change_setting() {
    const char* const setting = kSettings[random_.below(std::size(kSettings))];
    // Above `large_limit` the sanitizer's malloc serves requests, which does not support fork. Nor do its
    // threads.
    if (kSanitized && begins_with(setting, "large_limit")) return;
    if (kSanitized && in_child_ && begins_with(setting, "background")) return;
    my_place->begin(Activity::kSetting);
    const int error = heap::control(setting);
    if (error > 0) fail("'%s' is refused: %s", setting, std::strerror(error));
    my_place->done();
}

void Life::go_to_meeting(std::size_t wanted) {
    my_place->begin(Activity::kMeet);
    meet(wanted, random_);
    my_place->done();
    if (random_.below(kMeetingsPerFork) == 0) fork_child();
}

struct Life::Guest {
    Life& life;
    Place& place;
    Visit visit;
};

void* Life::be_guest(void* guest) {
    const auto& [life, place, visit] = *static_cast<Guest*>(guest);
    place.occupy();
    const std::optional<Interruptions> interruptions = perhaps_interrupted(life.random_);
    (life.*visit)();
    place.begin(Activity::kEnd);
    return nullptr;
}

void Life::live_some() {
    live(10 + random_.below(1000));
}

void Life::host(Visit visit) {
    if (depth_ == kDeepest || (kSanitized && in_child_)) return;
    my_place->begin(Activity::kGuest);
    Place* const place = board->claim();
    if (place == nullptr) return;
    depth_++;
    Guest guest{*this, *place, visit};
    const pthread_t thread = common::start_thread(be_guest, &guest);
    {
        const WaitingForAnother waiting;
        common::join_thread(thread);
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
            common::require_success(child);
        }
        place->give_back();
        my_place->done();
    }
    board->children.fetch_sub(1);
}

void Life::live_as_child(Place& place) {
    place.occupy();
    prctl(PR_SET_PDEATHSIG, SIGKILL); // ends with the watcher
    if (kSanitized) heap::control("background:false");
    in_child_ = true;
    look_at_heap();
    host(&Life::look_at_heap); // from another shard
    if (wanted_at_meeting() == 0) go_on_as_child();
    my_place->begin(Activity::kEnd);
    // exit() runs the allocator's code for the end of a process. Sanitizers run too much code of their own
    // there.
    if (!kSanitized && random_.chance(50)) std::exit(0);
    _exit(0);
}

void Life::go_on_as_child() {
    depth_++;
    const std::optional<Interruptions> interruptions = perhaps_interrupted(random_);
    live(random_.below(300));
    if (random_.chance(50)) release_passed_on();
    if (random_.chance(50)) clear_meeting();
    if (!kSanitized && random_.chance(8)) meet_limit(random_);
    live(random_.below(100));
    release_all();
}

void Life::look_at_heap() {
    for (std::size_t slot = 0; slot < kBlocks; slot++)
        do_with(slot, Activity::kCheck);
    // Mostly checks the class of the meeting: short checks allow more children.
    check_free_blocks(model_, random_.chance(80) ? wanted_at_meeting() : 0);
}

void Life::leave() {
    for (std::size_t slot = 0; slot < kBlocks; slot++) {
        if (random_.chance(20)) do_with(slot, Activity::kPassOn);
    }
    release_all();
    my_place->begin(Activity::kEnd);
    my_place->done();
}

void Life::release_all() {
    for (std::size_t slot = 0; slot < kBlocks; slot++) {
        if (model_.block(slot).address != nullptr) do_with(slot, Activity::kRelease);
    }
}

void release_passed_on() {
    for (std::atomic<common::Block*>& place : passed_on) {
        my_place->begin(Activity::kPassOn);
        const common::Block block = put_and_take(place, {});
        if (block.address == nullptr) continue;
        common::require_stamp(block.address, block.usable, block.key, "passed on", block.density);
        heap::release(block.address);
        my_place->done();
    }
}

} // namespace soak
