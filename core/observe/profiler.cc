// SPDX-License-Identifier: MIT
#include "observe/profiler.h"

#include "heap/sampling.h"
#include "observe/cpu_sampler.h"
#include "observe/cpu_samples.h"
#include "observe/heap_samples.h"
#include "observe/outside_request.h"
#include "observe/recording.h"
#include "os/config.h"
#include "os/memory_probes.h"
#include "os/message.h"
#include "os/mutex.h"
#include "os/signal.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>

namespace ashlar::observe::profiler {

namespace {

using heap::sampling::control;
using recording::Figures;
using recording::file;
using recording::Reason;

constexpr auto kRelaxed = std::memory_order_relaxed;

constinit std::atomic<bool> forked{false}; // from a process that recorded; no file yet
constinit std::atomic<std::uint32_t> parent{0};
// A thread starts, stops or pauses recording. Allocating threads never wait for it.
constinit std::atomic<bool> changing{false};

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

// ---- Files begin and end

std::string_view place_of_settings() {
    const std::string_view place = os::settings.profile_file.view();
    return place.empty() ? std::string_view("/tmp") : place;
}

// Place of files, from the last start(). Forked children use it, too.
constinit std::array<char, RecordFile::kLongestPath> place_of_files{};

void keep_place(std::string_view place) {
    const std::size_t length = std::min(place.size(), place_of_files.size() - 1);
    std::copy_n(place.begin(), length, place_of_files.begin());
    place_of_files[length] = '\0';
}

// A wanted file. 0 and an empty place mean the settings.
struct Wanted {
    std::uint32_t request = 0; // number of another process's request; 0: of this process
    std::size_t rate = 0;
    std::size_t limit = 0;
    std::size_t cpu = 0;
    std::string_view place{};
};

int open_file(const Wanted& wanted, std::uint32_t of_parent) {
    if (of_parent == 0) keep_place(wanted.place.empty() ? place_of_settings() : wanted.place);
    return recording::open({place_of_files.data(), std::strlen(place_of_files.data())},
                           wanted.limit != 0 ? wanted.limit : os::settings.profile_limit.load(kRelaxed),
                           heap_samples::begin(wanted.rate), of_parent);
}

void watch();

// The caller has a Change that is_mine().
int begin(const Wanted& wanted, Figures figures = Figures::kAll) {
    const bool inherited = forked.exchange(false, kRelaxed);
    const int error = open_file(wanted, inherited ? parent.load(kRelaxed) : 0);
    outside.answer(wanted.request, error, file.path());
    if (error != 0) return error;
    recording::write_first(inherited ? Reason::kFork : Reason::kStart, figures);
    cpu_samples::begin(wanted.cpu != 0 ? wanted.cpu : os::settings.profile_cpu.load(kRelaxed), watch);
    return 0;
}

void end(Reason reason) {
    if (!file.is_open()) return;
    cpu_samples::end();
    recording::close(reason);
}

// Begins a file in a forked child that uses the processor, even if it never allocates.
void begin_in_child() {
    if (control.load(kRelaxed) != heap::sampling::kRecord) return;
    const Change change;
    if (change.is_mine() && forked.load(kRelaxed) && !file.is_open()) begin(Wanted{}, Figures::kNone);
}

// Runs in the watcher of the CPU sampler.
void watch() {
    if (forked.load(kRelaxed)) begin_in_child();
    cpu_samples::watch();
}

void complain(int error) {
    os::Message message;
    message.text("no profile: cannot create ").quoted(file.path()).text(" (error ");
    message.number(static_cast<std::uint64_t>(error));
    message.text("); name a folder that can be written with profile_file:PATH");
    os::warn(message);
}

// Begins a file for another process. Returns false if there is none, after answering with the error.
bool begin_for_another() {
    end(Reason::kStop);
    return begin({outside.number(), outside.rate(), outside.limit(), outside.cpu(), outside.place()}) == 0;
}

bool begin_by_settings() {
    const int error = begin({});
    if (error != 0) complain(error);
    return error == 0;
}

// Obeys `wanted`, the value of `control` from a signal, another process or here, and clears what is done.
void obey(std::uint32_t wanted) {
    const auto what = wanted & ~std::uint32_t{heap::sampling::kDumpToo};
    const bool dump_too = (wanted & heap::sampling::kDumpToo) != 0;
    const bool runs = file.is_open();
    const bool asked = what == heap::sampling::kRecord && outside.has_new();
    const bool settled = what == heap::sampling::kRecord  ? runs && !recording::is_paused() && !asked
                         : what == heap::sampling::kPause ? !runs || recording::is_paused()
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
        if (file.is_open()) recording::set_paused(what == heap::sampling::kPause);
    } else if (what == heap::sampling::kStop) {
        end(Reason::kStop);
        control.compare_exchange_strong(wanted, heap::sampling::kOff, kRelaxed);
        return;
    }
    if (dump_too) {
        control.fetch_and(~std::uint32_t{heap::sampling::kDumpToo}, kRelaxed);
        if (file.is_open()) recording::write_all(Reason::kDump);
    }
}

// ---- In the heap

// For a child made without fork handlers. Returns true in the one thread that calls survive_fork().
bool survive_unnoticed_fork() {
    if (!file.is_mine_to_forget()) return false;
    survive_fork();
    return true;
}

bool choose(std::size_t size) {
    if (file.is_inherited() && !survive_unnoticed_fork()) return heap_samples::allow_unwatched();
    obey(control.load(kRelaxed));
    const bool wanted = recording::is_recording() && !file.is_full();
    if (!wanted && !os::memory_probes::wants_alloc()) return heap_samples::allow_unwatched();
    return heap_samples::is_point(size);
}

constexpr heap::sampling::Hooks kHooks{choose, heap_samples::record, heap_samples::lose,
                                       heap_samples::record_end};

// Continues in a child whose file is its parent's.
void follow_parent() {
    if (!forked.exchange(true, kRelaxed)) parent.store(file.process(), kRelaxed);
    file.forget();
    heap_samples::survive_fork();
    // With a full file the parent's thread was allowed many bytes, but the child's file has room.
    if (file.is_full()) cache::my_stacks().allow_bytes(heap_samples::least_distance());
}

// ---- For the program

// Calls `what` alone. Waits for another thread's change for 1 s at most, and then returns EBUSY.
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
            recording::set_paused(false);
        } else if (const int error = begin({0, wanted, 0, 0, place}); error != 0) {
            return error;
        }
        control.store(heap::sampling::kRecord, kRelaxed);
        cache::my_stacks().allow_no_request(); // other threads follow when their allowed bytes are used up
        return 0;
    });
}

int stop() {
    return change([] {
        if (!file.is_open()) return ENOENT;
        control.store(heap::sampling::kOff, kRelaxed);
        end(Reason::kStop);
        return 0;
    });
}

int pause() {
    return change([] {
        if (!file.is_open()) return ENOENT;
        control.store(heap::sampling::kPause, kRelaxed);
        recording::set_paused(true);
        return 0;
    });
}

int dump() {
    return change([] {
        if (!file.is_open()) return ENOENT;
        recording::write_all(Reason::kDump);
        return 0;
    });
}

Status status() {
    const bool open = file.is_open() && !file.is_inherited();
    const recording::Totals& totals = recording::totals;
    return {.recording = open && !recording::is_paused(),
            .paused = open && recording::is_paused(),
            .full = open && file.state() == RecordFile::State::kFull,
            .rate = open ? heap_samples::least_distance() : 0,
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
    control.store(heap::sampling::kOff, kRelaxed);
    end(Reason::kExit);
}

// The child begins a file at its first sample, because most children only call exec.
void survive_fork() {
    changing.store(false, kRelaxed);
    CallerStack::survive_fork();
    if (outside.has_new() || (file.is_open() && outside.is_for_another())) {
        outside.drop();
        control.store(heap::sampling::kOff, kRelaxed);
        file.forget();
        cpu_sampler::stop();
    } else if (file.is_open()) {
        follow_parent();
    }
    cpu_sampler::survive_fork();
}

} // namespace ashlar::observe::profiler
