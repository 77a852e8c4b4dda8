// SPDX-License-Identifier: MIT
#include "observe/recording.h"

#include "observe/loaded_maps.h"
#include "observe/profile_marks.h"
#include "observe/stack_table.h"
#include "os/clock.h"
#include "os/config.h"
#include "os/mutex.h"
#include "os/process.h"
#include "os/system_call.h"

#include <algorithm>
#include <cerrno>
#include <sys/prctl.h>
#include <sys/syscall.h>

namespace ashlar::observe::recording {

constinit RecordFile file;
constinit Totals totals;

namespace {

using Kind = RecordFile::Kind;

constexpr auto kRelaxed = std::memory_order_relaxed;
// A new high of live bytes gets a mark if it exceeds the last one by 1/kHighStep and by kLeastHighStep bytes.
constexpr std::uint64_t kHighStep = 4;
constexpr std::uint64_t kLeastHighStep = std::uint64_t{1} << 20;

constinit std::atomic<bool> paused{false};
constinit std::atomic<std::uint32_t> present_period{1};
constinit std::atomic<std::uint32_t> files{0};   // files begun
constinit std::atomic<std::uint32_t> threads{0}; // threads with a number in this file

// State of this file.
constinit std::atomic<std::uint64_t> high{0};    // live bytes at the last mark for a high
constinit std::atomic<std::uint64_t> counted{0}; // time of the last counts
constinit std::atomic<std::uint64_t> dumped{0};  // time of the last dump
constinit std::atomic<std::uint64_t> mapped{0};  // time of the last reading of the mappings

struct Thread {
    std::uint32_t file = 0; // file in which the thread has `number`
    std::uint32_t number = 0;
};
constinit thread_local Thread this_thread;

constinit LoadedMaps maps;
constinit StackTable stacks;

// Returns true in the first thread that finds `interval` ns elapsed since `last`, and sets `last`.
bool is_time(std::atomic<std::uint64_t>& last, std::uint64_t time, std::uint64_t interval) {
    std::uint64_t before = last.load(kRelaxed);
    return time - before >= interval && time > before && last.compare_exchange_strong(before, time, kRelaxed);
}

void write_mark(std::uint64_t time, Reason reason) {
    const profile_format::Mark mark{time, reason, 0, totals.live.load(kRelaxed),
                                    totals.allocated.load(kRelaxed)};
    file.append(Kind::kMark, {&mark, sizeof(mark)});
}

// Reads the mappings again if a stack has unknown code, but at most every 10 ms. Reads them every second
// otherwise, because one library may have replaced another.
void look_at_maps(const std::uintptr_t* frames, unsigned count, std::uint64_t time) {
    constexpr std::uint64_t kUnknown = kSecond / 100;
    const bool known =
        std::all_of(frames, frames + count, [](std::uintptr_t address) { return maps.knows(address - 1); });
    if (is_time(mapped, time, known ? kSecond : kUnknown)) maps.record(file);
}

} // namespace

bool is_recording() {
    return file.is_open() && !is_paused();
}

bool is_paused() {
    return paused.load(kRelaxed);
}

std::uint32_t period() {
    return present_period.load(std::memory_order_acquire);
}

int open(std::string_view place, std::size_t limit, std::size_t rate, std::uint32_t parent) {
    if (!stacks.is_prepared() && !stacks.prepare()) return ENOMEM;
    stacks.clear();
    maps.forget();
    totals.base.store(totals.samples.load(kRelaxed), kRelaxed);
    for (auto* const total : {&totals.live, &totals.allocated, &high})
        total->store(0, kRelaxed);
    threads.store(0, kRelaxed);
    return file.open(place, limit, rate, parent);
}

void write_first(Reason reason, Figures figures) {
    paused.store(false, kRelaxed);
    files.fetch_add(1, kRelaxed);
    present_period.fetch_add(1, std::memory_order_release);
    maps.record(file);
    mapped.store(os::monotonic_time(), kRelaxed);
    write_count_names(file);
    if (figures == Figures::kAll) {
        write_all(reason);
    } else {
        counted.store(0, kRelaxed); // written with the next sample
        write_mark(os::monotonic_time(), reason);
    }
}

void set_paused(bool pause) {
    if (paused.exchange(pause, kRelaxed) == pause) return;
    if (!pause) present_period.fetch_add(1, std::memory_order_release);
    file.set_state(pause ? RecordFile::State::kPaused : RecordFile::State::kRecording);
    write_mark(os::monotonic_time(), pause ? Reason::kPause : Reason::kResume);
}

void close(Reason reason) {
    maps.record(file);
    write_all(reason);
    file.close(RecordFile::State::kStopped);
    paused.store(false, kRelaxed);
}

void write_all(Reason reason) {
    const std::uint64_t time = os::monotonic_time();
    counted.store(time, kRelaxed);
    dumped.store(time, kRelaxed);
    write_counts(file, time);
    write_pinned(file, time, totals.base.load(kRelaxed));
    write_mark(time, reason);
}

void write_what_is_due(std::uint64_t time) {
    if (os::forking != 0) return; // the counts may be half changed
    const std::uint64_t live = totals.live.load(kRelaxed);
    std::uint64_t last_high = high.load(kRelaxed);
    const std::uint64_t interval = os::settings.profile_interval_ms.load(kRelaxed) * (kSecond / 1000);
    if (live > last_high + std::max(last_high / kHighStep, kLeastHighStep) &&
        high.compare_exchange_strong(last_high, live, kRelaxed)) {
        write_all(Reason::kHighWater);
    } else if (interval != 0 && is_time(dumped, time, interval)) {
        write_all(Reason::kInterval);
    } else if (is_time(counted, time, kSecond)) {
        write_counts(file, time);
    }
}

std::uint32_t number_of(const CallerStack& caller, std::uint64_t time) {
    const std::uintptr_t* const frames = caller.frames();
    const unsigned count = caller.count();
    const auto [number, is_new] = stacks.find(frames, count);
    if (number == 0 || !is_new) return number;
    look_at_maps(frames, count, time);
    const profile_format::Stack stack{number, count};
    if (!file.append(Kind::kStack, {&stack, sizeof(stack)}, {frames, count * sizeof(*frames)})) return 0;
    stacks.confirm(number);
    return number;
}

std::uint32_t present_number() {
    return this_thread.file == files.load(kRelaxed) ? this_thread.number : 0;
}

std::uint32_t number_of_thread() {
    if (present_number() == 0) {
        profile_format::Thread thread{};
        thread.number = threads.fetch_add(1, kRelaxed) + 1;
        thread.tid = static_cast<std::uint32_t>(os::thread_id());
        os::system_call(SYS_prctl, PR_GET_NAME, thread.name.data());
        if (!file.append(Kind::kThread, {&thread, sizeof(thread)})) return 0;
        this_thread.number = thread.number;
        this_thread.file = files.load(kRelaxed);
    }
    return this_thread.number;
}

} // namespace ashlar::observe::recording
