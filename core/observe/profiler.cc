// SPDX-License-Identifier: MIT
#include "observe/profiler.h"

#include "heap/sampling.h"
#include "observe/caller_stack.h"
#include "observe/cpu_sampler.h"
#include "observe/loaded_maps.h"
#include "observe/outside_request.h"
#include "observe/poisson.h"
#include "observe/profile_marks.h"
#include "observe/record_file.h"
#include "observe/sampler.h"
#include "observe/stack_table.h"
#include "os/config.h"
#include "os/memory_probes.h"
#include "os/message.h"
#include "os/mutex.h"
#include "os/process.h"
#include "os/signal.h"
#include "os/system_call.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <sys/prctl.h>
#include <sys/syscall.h>

namespace ashlar::observe::profiler {

namespace {

using heap::sampling::Facts;
using profile_format::Reason;
using Kind = RecordFile::Kind;

constexpr auto kRelaxed = std::memory_order_relaxed;
constexpr std::uint64_t kSecond = 1'000'000'000;
// A mark at a new high of live bytes: that part of the last one above it, and at least so many bytes.
constexpr std::uint64_t kHighStep = 4;
constexpr std::uint64_t kLeastHighStep = std::uint64_t{1} << 20;

constinit RecordFile file;
constinit LoadedMaps maps;
constinit StackTable stacks;

// Of what is recorded now. Numbers go on when a new file begins: those of a file's samples are above `base`.
struct Totals {
    std::atomic<std::uint64_t> samples{0};
    std::atomic<std::uint64_t> base{0};
    std::atomic<std::uint64_t> live{0};
    std::atomic<std::uint64_t> allocated{0};
    std::atomic<std::uint64_t> high{0};    // of live bytes, at the last mark for it
    std::atomic<std::uint64_t> counted{0}; // time of the last counts
    std::atomic<std::uint64_t> dumped{0};  // and of the last dump
    std::atomic<std::uint64_t> mapped{0};  // and when the mappings were read
    std::atomic<std::uint32_t> threads{0};
};
constinit Totals totals;

// Of the processor's samples.
struct CpuTotals {
    std::atomic<std::uint64_t> base{0};    // what was used before the file began, in ns
    std::atomic<std::uint64_t> written{0}; // what was used at the last record of it
    std::atomic<std::uint64_t> lost{0};
};
constinit CpuTotals cpu_totals;

// Of samples that are in no file, but told to a profiler outside of the process.
constinit std::atomic<std::uint64_t> told{0};

// The least mean distance of samples.
constinit std::atomic<std::size_t> rate{0};
constinit std::atomic<std::size_t> cost{0}; // percent that samples may take
constinit std::atomic<std::size_t> distance{
    0}; // that a thread chose last, in this period: others begin with it
// Changes when a file begins and when recording goes on: what threads had counted off does not hold any more.
constinit std::atomic<std::uint32_t> period{1};
constinit std::atomic<std::uint32_t> files{0}; // that were begun
constinit std::atomic<bool> paused{false};
constinit std::atomic<bool> forked{false}; // from a process that recorded; no file yet
constinit std::atomic<std::uint32_t> parent{0};
// Somebody starts, stops or pauses recording. Never waited for where memory is allocated.
constinit std::atomic<bool> changing{false};

struct Thread {
    Sampler sampler;
    std::uint32_t period = 0; // in which the thread counts; 0: in none
    std::uint32_t file = 0;   // in which it has this number
    std::uint32_t number = 0;
};
constinit thread_local Thread this_thread;

std::uint64_t now() {
    timespec time{};
    ::clock_gettime(CLOCK_MONOTONIC, &time);
    return static_cast<std::uint64_t>(time.tv_sec) * kSecond + static_cast<std::uint64_t>(time.tv_nsec);
}

std::uint64_t processor_time() {
    timespec time{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<std::uint64_t>(time.tv_sec) * kSecond + static_cast<std::uint64_t>(time.tv_nsec);
}

constexpr Sampler::Clocks kClocks{now, processor_time};

bool is_recording() {
    return file.is_open() && !paused.load(kRelaxed);
}

// One step at a time: of several threads that find that it is time the first does it.
bool is_time(std::atomic<std::uint64_t>& last, std::uint64_t time, std::uint64_t interval) {
    std::uint64_t before = last.load(kRelaxed);
    return time - before >= interval && time > before && last.compare_exchange_strong(before, time, kRelaxed);
}

// ---- What is written at marks

void write_mark(std::uint64_t time, Reason reason) {
    const profile_format::Mark mark{time, reason, 0, totals.live.load(kRelaxed),
                                    totals.allocated.load(kRelaxed)};
    file.append(Kind::kMark, {&mark, sizeof(mark)});
}

void write_all(Reason reason) {
    const std::uint64_t time = now();
    totals.counted.store(time, kRelaxed);
    totals.dumped.store(time, kRelaxed);
    write_counts(file, time);
    write_pinned(file, time, totals.base.load(kRelaxed));
    write_mark(time, reason);
}

// ---- Starting and stopping

class Change {
  public:
    Change() : first_(!changing.exchange(true, std::memory_order_acquire)) {}
    ~Change() {
        if (first_) changing.store(false, std::memory_order_release);
    }
    Change(const Change&) = delete;
    Change& operator=(const Change&) = delete;

    bool is_mine() const { return first_; }

  private:
    bool first_;
};

std::string_view place_of_settings() {
    const std::string_view place = os::settings.profile_file.view();
    return place.empty() ? std::string_view("/tmp") : place;
}

constexpr std::size_t kDefaultRate = std::size_t{512} << 10;

// Where files go, as start() was told last: forked children follow.
constinit std::array<char, RecordFile::kLongestPath> place_of_files{};

void keep_place(std::string_view place) {
    const std::size_t length = std::min(place.size(), place_of_files.size() - 1);
    std::copy_n(place.begin(), length, place_of_files.begin());
    place_of_files[length] = '\0';
}

// Of a file. 0 and empty: as the settings say.
struct Wanted {
    std::uint32_t request = 0; // of another process; 0: of this one
    std::size_t rate = 0;
    std::size_t limit = 0;
    std::size_t cpu = 0;
    std::string_view place{};
};

int open_file(const Wanted& wanted, std::uint32_t of_parent) {
    if (!stacks.is_prepared() && !stacks.prepare()) return ENOMEM;
    const std::size_t bytes = wanted.rate != 0 ? wanted.rate : os::settings.profile.load(kRelaxed);
    rate.store(bytes != 0 ? bytes : kDefaultRate, kRelaxed);
    cost.store(os::settings.profile_cost.load(kRelaxed), kRelaxed);
    distance.store(0, kRelaxed);
    stacks.clear();
    maps.forget();
    totals.base.store(totals.samples.load(kRelaxed), kRelaxed);
    for (auto* const total : {&totals.live, &totals.allocated, &totals.high})
        total->store(0, kRelaxed);
    totals.threads.store(0, kRelaxed);
    if (of_parent == 0) keep_place(wanted.place.empty() ? place_of_settings() : wanted.place);
    return file.open({place_of_files.data(), std::strlen(place_of_files.data())},
                     wanted.limit != 0 ? wanted.limit : os::settings.profile_limit.load(kRelaxed),
                     rate.load(kRelaxed), of_parent);
}

void begin_cpu(std::size_t hertz);
void end_cpu();

// The heap's figures take locks, so they are left out where nobody may wait.
enum class Figures : bool { kNone, kAll };

// Whoever changes it.
int begin(const Wanted& wanted, Figures figures = Figures::kAll) {
    const bool inherited = forked.exchange(false, kRelaxed);
    const int error = open_file(wanted, inherited ? parent.load(kRelaxed) : 0);
    outside.answer(wanted.request, error, file.path());
    if (error != 0) return error;
    paused.store(false, kRelaxed);
    files.fetch_add(1, kRelaxed);
    period.fetch_add(1, std::memory_order_release);
    maps.record(file);
    totals.mapped.store(now(), kRelaxed);
    write_count_names(file);
    const Reason reason = inherited ? Reason::kFork : Reason::kStart;
    if (figures == Figures::kAll) {
        write_all(reason);
    } else {
        totals.counted.store(0, kRelaxed); // with the next sample
        write_mark(now(), reason);
    }
    begin_cpu(wanted.cpu != 0 ? wanted.cpu : os::settings.profile_cpu.load(kRelaxed));
    return 0;
}

void complain(int error) {
    os::Message message;
    message.text("no profile: cannot create ").quoted(file.path()).text(" (error ");
    message.number(static_cast<std::uint64_t>(error));
    message.text("); name a folder that can be written with profile_file:PATH");
    os::warn(message);
}

void set_paused(bool pause) {
    if (paused.exchange(pause, kRelaxed) == pause) return;
    if (!pause) period.fetch_add(1, std::memory_order_release);
    file.set_state(pause ? RecordFile::State::kPaused : RecordFile::State::kRecording);
    write_mark(now(), pause ? Reason::kPause : Reason::kResume);
}

void end(Reason reason) {
    if (!file.is_open()) return;
    maps.record(file);
    end_cpu();
    write_all(reason);
    file.close(RecordFile::State::kStopped);
    paused.store(false, kRelaxed);
}

// Another process wants a file of its own. If there can be none, it is told.
bool begin_for_another() {
    end(Reason::kStop);
    return begin({outside.number(), outside.rate(), outside.limit(), outside.cpu(), outside.place()}) == 0;
}

bool begin_by_settings() {
    const int error = begin({});
    if (error != 0) complain(error);
    return error == 0;
}

// Does what `control` says, and clears what is done; it may have been written by a signal or from outside.
void obey(std::uint32_t wanted) {
    using heap::sampling::control;
    const auto what = wanted & ~std::uint32_t{heap::sampling::kDumpToo};
    const bool dump_too = (wanted & heap::sampling::kDumpToo) != 0;
    const bool runs = file.is_open();
    const bool asked = what == heap::sampling::kRecord && outside.has_new();
    const bool settled = what == heap::sampling::kRecord  ? runs && !paused.load(kRelaxed) && !asked
                         : what == heap::sampling::kPause ? !runs || paused.load(kRelaxed)
                                                          : false;
    if (settled && !dump_too) return;
    const Change change;
    if (!change.is_mine()) return;
    if (what == heap::sampling::kRecord && (outside.has_new() || !file.is_open())) {
        if (!(outside.has_new() ? begin_for_another() : begin_by_settings())) {
            control.store(heap::sampling::kOff, kRelaxed);
            return;
        }
    } else if (what == heap::sampling::kRecord || what == heap::sampling::kPause) {
        if (file.is_open()) set_paused(what == heap::sampling::kPause);
    } else if (what == heap::sampling::kStop) {
        end(Reason::kStop);
        control.compare_exchange_strong(wanted, heap::sampling::kOff, kRelaxed);
        return;
    }
    if (dump_too) {
        control.fetch_and(~std::uint32_t{heap::sampling::kDumpToo}, kRelaxed);
        if (file.is_open()) write_all(Reason::kDump);
    }
}

// ---- Samples

// The mappings are read again where a stack leads to code that is not known, and now and then, because one
// library may have taken another's place.
void look_at_maps(const std::uintptr_t* frames, unsigned count, std::uint64_t time) {
    constexpr std::uint64_t kUnknown = kSecond / 100;
    const bool known =
        std::all_of(frames, frames + count, [](std::uintptr_t address) { return maps.knows(address - 1); });
    if (is_time(totals.mapped, time, known ? kSecond : kUnknown)) maps.record(file);
}

// 0 if it could not be written.
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

// Of whoever asked for memory.
[[gnu::noinline]] std::uint32_t number_of_stack(std::uint64_t time) {
    CallerStack caller;
    return caller.unwind() ? number_of(caller, time) : 0;
}

// 0: it has none.
std::uint32_t present_number() {
    return this_thread.file == files.load(kRelaxed) ? this_thread.number : 0;
}

std::uint32_t number_of_thread() {
    if (present_number() == 0) {
        profile_format::Thread thread{};
        thread.number = totals.threads.fetch_add(1, kRelaxed) + 1;
        thread.tid = static_cast<std::uint32_t>(os::thread_id());
        os::system_call(SYS_prctl, PR_GET_NAME, thread.name.data());
        if (!file.append(Kind::kThread, {&thread, sizeof(thread)})) return 0;
        this_thread.number = thread.number;
        this_thread.file = files.load(kRelaxed);
    }
    return this_thread.number;
}

// ---- Samples of the processor

void write_cpu_time() {
    const std::uint64_t used = cpu_sampler::used();
    cpu_totals.written.store(used, kRelaxed);
    profile_format::CpuTime record{};
    record.time = now();
    record.used = used - std::min(used, cpu_totals.base.load(kRelaxed));
    record.lost = cpu_totals.lost.load(kRelaxed);
    record.unwatched = cpu_sampler::unwatched();
    record.microseconds = cpu_sampler::microseconds();
    record.state = static_cast<profile_format::CpuState>(cpu_sampler::state());
    file.append(Kind::kCpuTime, {&record, sizeof(record)});
}

// In a signal handler, whatever that interrupted: malloc, or this file.
void take_cpu_sample(const void* context, std::uint64_t microseconds) {
    if (!is_recording() || file.is_full() || file.is_inherited()) return;
    profile_format::Cpu record{};
    record.time = now();
    record.microseconds = static_cast<std::uint32_t>(microseconds);
    CallerStack caller;
    if (caller.unwind_from(context)) {
        record.stack = number_of(caller, record.time);
        record.where = caller.leads_through_library() ? 1 : 0;
    }
    record.thread = number_of_thread();
    if (record.stack == 0 || !file.append(Kind::kCpu, {&record, sizeof(record)}))
        cpu_totals.lost.fetch_add(1, kRelaxed);
}

// A forked child that uses the processor is of interest, also if it never allocates.
void begin_in_child() {
    if (heap::sampling::control.load(kRelaxed) != heap::sampling::kRecord) return;
    const Change change;
    if (change.is_mine() && forked.load(kRelaxed) && !file.is_open()) begin({}, Figures::kNone);
}

// In the sampler's own thread.
void watch_cpu() {
    if (forked.load(kRelaxed)) begin_in_child();
    if (!is_recording()) return;
    const bool changed = cpu_sampler::state() != cpu_sampler::State::kSamples;
    if (changed || cpu_sampler::used() - cpu_totals.written.load(kRelaxed) >= kSecond) write_cpu_time();
}

void begin_cpu(std::size_t hertz) {
    if (hertz == 0) return;
    cpu_totals.base.store(cpu_sampler::used(), kRelaxed);
    cpu_totals.lost.store(0, kRelaxed);
    cpu_sampler::start(hertz, {take_cpu_sample, watch_cpu});
    write_cpu_time();
}

void end_cpu() {
    if (cpu_sampler::state() == cpu_sampler::State::kOff) return;
    write_cpu_time();
    cpu_sampler::stop();
}

void look_around(std::uint64_t time) {
    if (os::forking != 0) return; // what is counted may be half changed
    const std::uint64_t live = totals.live.load(kRelaxed);
    std::uint64_t high = totals.high.load(kRelaxed);
    const std::uint64_t interval = os::settings.profile_interval_ms.load(kRelaxed) * (kSecond / 1000);
    if (live > high + std::max(high / kHighStep, kLeastHighStep) &&
        totals.high.compare_exchange_strong(high, live, kRelaxed)) {
        write_all(Reason::kHighWater);
    } else if (interval != 0 && is_time(totals.dumped, time, interval)) {
        write_all(Reason::kInterval);
    } else if (is_time(totals.counted, time, kSecond)) {
        write_counts(file, time);
    }
}

// ---- Hooks

bool allow_unwatched() {
    this_thread.period = 0;
    cache::my_stacks().allow_bytes(heap::sampling::kUnwatched);
    return false;
}

// Without a file nobody has set it.
std::size_t least_distance() {
    if (const std::size_t bytes = rate.load(kRelaxed); bytes != 0) return bytes;
    const std::size_t bytes = os::settings.profile.load(kRelaxed);
    return bytes != 0 ? bytes : kDefaultRate;
}

std::size_t cost_bound() {
    return rate.load(kRelaxed) != 0 ? cost.load(kRelaxed) : os::settings.profile_cost.load(kRelaxed);
}

// A new period of counting.
void join_period(std::uint32_t current) {
    Thread& thread = this_thread;
    if (thread.period == 0) {
        thread.sampler.seed(os::thread_id() << 32 ^ now() % kSecond ^
                            reinterpret_cast<std::uintptr_t>(&thread) << 16);
    }
    thread.period = current;
    thread.sampler.begin(least_distance(), distance.load(kRelaxed), cost_bound(), kClocks);
}

bool reaches_point(std::size_t size) {
    Sampler& sampler = this_thread.sampler;
    cache::PointerStacks& mine = cache::my_stacks();
    const std::size_t before = sampler.distance();
    const bool is_sample = sampler.reaches_point(size, mine.excess_bytes());
    if (sampler.distance() != before) distance.store(sampler.distance(), kRelaxed);
    if (sampler.allows_requests()) {
        mine.allow_bytes(sampler.allowance());
    } else {
        mine.allow_no_request();
    }
    return is_sample;
}

// In a child that was made without fork handlers. Of its threads one does it, and true is for that one.
bool survive_unnoticed_fork() {
    if (!file.is_mine_to_forget()) return false;
    survive_fork();
    return true;
}

bool choose(std::size_t size) {
    if (file.is_inherited() && !survive_unnoticed_fork()) return allow_unwatched();
    obey(heap::sampling::control.load(kRelaxed));
    if ((!is_recording() || file.is_full()) && !os::memory_probes::wants_alloc()) return allow_unwatched();
    const std::uint32_t current = period.load(std::memory_order_acquire);
    if (this_thread.period != current) join_period(current);
    return reaches_point(size);
}

// What the contract of memory_probes.h calls the weight.
std::uint64_t weight_by_points(std::size_t size) {
    Sampler& sampler = this_thread.sampler;
    const std::size_t mean = sampler.distance_of_sample();
    return mean == 1 ? size : sampler.points_in_sample(size) * mean;
}

Facts record_sample(const void* block, std::size_t size, std::size_t usable) {
    const std::uint64_t time = now();
    const Weight weight = weight_of(size, this_thread.sampler.distance_of_sample());
    const std::uint64_t allocated = totals.allocated.fetch_add(weight.bytes, kRelaxed) + weight.bytes;
    Facts facts{totals.samples.fetch_add(1, kRelaxed) + 1, time, size, weight.bytes, weight.blocks};
    profile_format::Allocate record{};
    record.sample = facts.id;
    record.time = time;
    record.address = reinterpret_cast<std::uintptr_t>(block);
    record.size = size;
    record.usable = usable;
    record.weight = weight.bytes;
    record.blocks = weight.blocks;
    record.allocated = allocated;
    record.stack = number_of_stack(time);
    record.thread = number_of_thread();
    record.distance = this_thread.sampler.distance_of_sample();
    if (record.stack == 0 || !file.append(Kind::kAllocate, {&record, sizeof(record)})) {
        file.count_lost();
        facts.id = 0;
        return facts;
    }
    totals.live.fetch_add(weight.bytes, kRelaxed);
    look_around(time);
    return facts;
}

Facts begin_sample(const void* block, std::size_t size, std::size_t usable) {
    const Facts facts = is_recording() ? record_sample(block, size, usable)
                                       : Facts{kInNoFile | (told.fetch_add(1, kRelaxed) + 1), 0, size, 0, 0};
    if (os::memory_probes::wants_alloc()) [[unlikely]]
        os::memory_probes::tell_alloc(block, size, weight_by_points(size));
    this_thread.sampler.finish_sample();
    return facts;
}

void lose_sample(std::size_t size) {
    totals.allocated.fetch_add(weight_of(size, this_thread.sampler.distance_of_sample()).bytes, kRelaxed);
    file.count_lost();
}

void end_sample(const Facts& facts) {
    if ((facts.id & kInNoFile) != 0) return;
    if (facts.id <= totals.base.load(kRelaxed) || file.is_inherited()) return; // another file's
    totals.live.fetch_sub(facts.weight, kRelaxed);
    const profile_format::Free record{facts.id, now(), totals.allocated.load(kRelaxed), present_number(), 0};
    file.append(Kind::kFree, {&record, sizeof(record)});
}

constexpr heap::sampling::Hooks kHooks{choose, begin_sample, lose_sample, end_sample};

// The file is a parent's.
void follow_parent() {
    if (!forked.exchange(true, kRelaxed)) parent.store(file.process(), kRelaxed);
    file.forget();
    this_thread.period = 0;
    // The parent's thread need not look again soon, but the child's file has room.
    if (file.is_full()) cache::my_stacks().allow_bytes(rate.load(kRelaxed));
}

// ---- For the program

// Waits for another thread that changes it, for a second at most.
template <typename Do>
int change(Do what) {
    constexpr unsigned kTries = 1000;
    survive_unnoticed_fork();
    for (unsigned i = 0; i < kTries; ++i) {
        {
            const Change mine;
            if (mine.is_mine() && !file.is_inherited()) return what();
        }
        os::pause_milliseconds(1);
    }
    return EBUSY;
}

void take_signal(int /*number*/) {
    using heap::sampling::control;
    std::uint32_t off = heap::sampling::kOff;
    if (!control.compare_exchange_strong(off, heap::sampling::kRecord, kRelaxed))
        control.fetch_or(heap::sampling::kDumpToo, kRelaxed);
}

void wait_for_signal(std::size_t number) {
    if (os::handle_signal(number, take_signal)) return;
    os::Message message;
    message.text("profile_signal: ").number(number).text(" is no signal that can be caught; ignored");
    os::warn(message);
}

} // namespace

int start(std::size_t wanted, std::string_view place) {
    heap::sampling::set_hooks(kHooks);
    return change([&] {
        if (file.is_open()) {
            set_paused(false);
        } else if (const int error = begin({0, wanted, 0, 0, place}); error != 0) {
            return error;
        }
        heap::sampling::control.store(heap::sampling::kRecord, kRelaxed);
        cache::my_stacks().allow_no_request(); // other threads follow when they have used up theirs
        return 0;
    });
}

int stop() {
    return change([] {
        if (!file.is_open()) return ENOENT;
        heap::sampling::control.store(heap::sampling::kOff, kRelaxed);
        end(Reason::kStop);
        return 0;
    });
}

int pause() {
    return change([] {
        if (!file.is_open()) return ENOENT;
        heap::sampling::control.store(heap::sampling::kPause, kRelaxed);
        set_paused(true);
        return 0;
    });
}

int dump() {
    return change([] {
        if (!file.is_open()) return ENOENT;
        write_all(Reason::kDump);
        return 0;
    });
}

Status status() {
    const bool open = file.is_open() && !file.is_inherited();
    return {.recording = open && !paused.load(kRelaxed),
            .paused = open && paused.load(kRelaxed),
            .full = open && file.state() == RecordFile::State::kFull,
            .rate = open ? rate.load(kRelaxed) : 0,
            .samples = totals.samples.load(kRelaxed) - totals.base.load(kRelaxed),
            .live = totals.live.load(kRelaxed),
            .allocated = totals.allocated.load(kRelaxed),
            .written = open ? file.bytes() : 0,
            .path = file.path()};
}

[[gnu::cold]] void start_with_process() {
    heap::sampling::set_hooks(kHooks);
    if (const std::size_t number = os::settings.profile_signal.load(kRelaxed); number != 0)
        wait_for_signal(number);
    if (os::settings.profile.load(kRelaxed) == 0) return;
    if (const int error = start(0, {}); error != 0) complain(error);
}

void end_with_process() {
    const Change change;
    if (!change.is_mine() || file.is_inherited()) return;
    heap::sampling::control.store(heap::sampling::kOff, kRelaxed);
    end(Reason::kExit);
}

// The child begins a file of its own when it first has a sample: most children only call exec.
void survive_fork() {
    changing.store(false, kRelaxed);
    CallerStack::survive_fork();
    if (outside.has_new() || (file.is_open() && outside.is_for_another())) {
        outside.drop();
        heap::sampling::control.store(heap::sampling::kOff, kRelaxed);
        file.forget();
        cpu_sampler::stop();
    } else if (file.is_open()) {
        follow_parent();
    }
    cpu_sampler::survive_fork();
}

} // namespace ashlar::observe::profiler
