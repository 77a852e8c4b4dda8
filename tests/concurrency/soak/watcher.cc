// SPDX-License-Identifier: MIT
#include "watcher.h"

#include "board.h"
#include "common/random.h"
#include "common/report.h"
#include "stacks.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

namespace soak {

namespace {

constexpr long kMillisecond = 1'000'000;
constexpr long kTick = 50;                // milliseconds between two looks
constexpr long kRest = 1000;              // milliseconds during which no thread without progress runs
constexpr long kBusyTimes = 10;           // multiple of the patience for busy threads
constexpr unsigned kDisturbance = 30;     // percent of the ticks followed by a disturbance
constexpr std::size_t kLongestStop = 100; // in milliseconds

Disturbances disturbed{};

time_t now() {
    timespec time{};
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec;
}

void sleep_milliseconds(long milliseconds) {
    timespec left{milliseconds / 1000, milliseconds % 1000 * kMillisecond};
    while (nanosleep(&left, &left) != 0) {
    }
}

struct Ending {
    bool ended = false;
    int status = 0;
};

class Watcher {
  public:
    Watcher(pid_t worker, const WatcherOptions& options) : worker_(worker), options_(options) {}

    bool watch() {
        const time_t start = now();
        const time_t end = start + options_.seconds;
        for (;;) {
            sleep_milliseconds(kTick);
            // A fork that begins before a stop of the group and ends after its end leaves a stopped child.
            // The kernel keeps SIGSTOP for the child and drops an unhandled SIGCONT.
            kill(-worker_, SIGCONT);
            if (worker_ended()) return judge();
            if (const Place* const stuck = find_stuck()) return report_hang(*stuck);
            if (now() >= end) board->stopping = true;
            // No disturbance at the end, because leak checkers then trace threads themselves. None in every
            // other period either. A thread that waits for a lock retries it after a stop, which would hide a
            // missing wake-up.
            const bool calm = (now() - start) / (options_.patience + 3) % 2 == 1;
            if (!calm && !board->stopping && random_.chance(kDisturbance)) disturb();
        }
    }

    // Ends the whole group before it returns.
    void end_group() {
        kill(-worker_, SIGKILL);
        while (waitpid(-worker_, nullptr, __WALL) > 0 || errno == EINTR) {
        }
    }

  private:
    struct Progress {
        std::uint64_t operations = 0;
        unsigned looks_without = 0;
    };

    bool worker_ended() {
        int status = 0;
        if (!worker_ending_.ended && waitpid(worker_, &status, WNOHANG) == worker_)
            note_ending(worker_, status);
        return worker_ending_.ended;
    }

    void note_ending(pid_t process, int status) {
        if (process == worker_ && (WIFEXITED(status) || WIFSIGNALED(status))) worker_ending_ = {true, status};
    }

    bool judge() const {
        const int status = worker_ending_.status;
        if (WIFSIGNALED(status)) {
            std::fprintf(stderr, "FAILED: soak: ended by signal %d\n", WTERMSIG(status));
        } else if (WEXITSTATUS(status) != 0) {
            std::fprintf(stderr, "FAILED: soak: exited with status %d\n", WEXITSTATUS(status));
        } else if (!board->stopping) {
            std::fprintf(stderr, "FAILED: soak: ended before its time\n");
        } else {
            return true;
        }
        return false;
    }

    // Returns the place that has made no progress for too long, or null. Counts time in looks, so a pause of
    // the watcher itself is no hang. A sleeping thread may wait for a lock whose holder waits for a
    // processor, which on a busy machine is no hang. So as long as a thread without progress does not sleep,
    // the limit is kBusyTimes as long. Other threads may make progress: a missing wake-up can affect only
    // one.
    const Place* find_stuck() {
        unsigned longest = 0;
        const Place* stuck = nullptr;
        bool all_asleep = true; // threads without progress
        for (std::size_t i = 0; i < progress_.size(); i++) {
            const Place& place = board->places[i];
            Progress& progress = progress_[i];
            const std::uint64_t operations = place.operations();
            if (!place.taken() || place.waits() || operations != progress.operations) {
                progress = {operations, 0};
                continue;
            }
            if (++progress.looks_without * kTick > kRest && place.thread() != 0) {
                const ThreadState state = state_of(place.process(), place.thread());
                if (state == ThreadState::kEnded) continue; // not yet joined
                all_asleep = all_asleep && state == ThreadState::kAsleep;
            }
            if (progress.looks_without > longest) {
                longest = progress.looks_without;
                stuck = &place;
            }
        }
        looks_at_rest_ = all_asleep ? looks_at_rest_ + 1 : 0;
        const long still = longest * kTick;
        const long patience = options_.patience * 1000L;
        const bool at_rest = looks_at_rest_ * kTick >= kRest;
        return still > (at_rest ? patience : patience * kBusyTimes) ? stuck : nullptr;
    }

    bool report_hang(const Place& place) const {
        char who[256]; // formatted first, because the debugger may wake the hanging thread
        std::snprintf(who, sizeof who, "thread %d of process %d has made no progress for %u s, in: %s",
                      place.thread(), place.process(), options_.patience,
                      kActivityNames[static_cast<std::size_t>(place.activity())]);
        const SavedStacks saved = save_stacks(worker_);
        std::fprintf(stderr, "FAILED: soak: %s (seed %llu)\nstacks of %u processes are in %s\n", who,
                     static_cast<unsigned long long>(common::run_seed), saved.processes,
                     saved.path[0] != '\0' ? saved.path : "no file: none could be made");
        return false;
    }

    // Pauses the count meanwhile, because other threads may wait for a lock of a stopped thread.
    void disturb() {
        const std::size_t kind = random_.below(10);
        if (kind == 0) {
            if (stop_and_continue(-worker_)) disturbed.groups_stopped++;
            return;
        }
        const Place& place = any_place();
        const pid_t process = place.process();
        const pid_t thread = place.thread();
        if (process == 0 || thread == 0) return;
        if (kind < 3) {
            if (belongs(process) && stop_and_continue(process)) disturbed.processes_stopped++;
        } else if (stop_thread(thread)) {
            disturbed.threads_stopped++;
        }
    }

    // Returns a random taken place. The worker's main thread always has one.
    const Place& any_place() {
        const Place* chosen = nullptr;
        std::size_t taken = 0;
        for (const Place& place : board->places) {
            if (place.taken() && random_.below(++taken) == 0) chosen = &place;
        }
        return *chosen;
    }

    void pause() { sleep_milliseconds(static_cast<long>(1 + random_.below(kLongestStop))); }

    // Returns whether the process is the worker's. Numbers are reused, so another process may have it.
    bool belongs(pid_t process) const { return getpgid(process) == worker_; }

    bool stop_and_continue(pid_t process) {
        if (kill(process, SIGSTOP) != 0) return false;
        pause();
        kill(process, SIGCONT);
        return true;
    }

    // Stops one thread through the debugger's interface. SIGSTOP would stop the whole process.
    bool stop_thread(pid_t thread) {
        if (!belongs(thread)) return false;
        if (ptrace(PTRACE_SEIZE, thread, nullptr, nullptr) != 0) {
            disturbed.ptrace_error = errno;
            return false;
        }
        ptrace(PTRACE_INTERRUPT, thread, nullptr, nullptr);
        int status = 0;
        pid_t waited = 0;
        while ((waited = waitpid(thread, &status, __WALL)) < 0 && errno == EINTR) {
        }
        if (waited != thread || !WIFSTOPPED(status)) {
            note_ending(thread, status);
            return false;
        }
        pause();
        // If an earlier signal stopped the thread, passes the signal on.
        const bool by_signal = status >> 16 == 0;
        if (ptrace(PTRACE_DETACH, thread, nullptr, by_signal ? static_cast<long>(WSTOPSIG(status)) : 0L) !=
                0 &&
            waitpid(thread, &status, __WALL) == thread) {
            note_ending(thread, status); // killed meanwhile; its parent learns of it afterwards
        }
        return true;
    }

    pid_t worker_;
    WatcherOptions options_;
    Ending worker_ending_;
    unsigned looks_at_rest_ = 0;
    common::Random random_{common::run_seed};
    std::array<Progress, std::tuple_size_v<decltype(Board::places)>> progress_;
};

} // namespace

bool watch(pid_t worker, const WatcherOptions& options) {
    Watcher watcher(worker, options);
    const bool good = watcher.watch();
    watcher.end_group();
    return good;
}

const Disturbances& disturbances() {
    return disturbed;
}

} // namespace soak
