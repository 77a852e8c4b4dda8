// SPDX-License-Identifier: MIT
#include "observe/cpu_sampler.h"

#include "os/bare_thread.h"
#include "os/page_memory.h"
#include "os/process.h"
#include "os/signal.h"
#include "os/system_call.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstddef>
#include <ctime>
#include <fcntl.h>
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <utility>

namespace ashlar::observe::cpu_sampler {

namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;
constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr int kSignal = SIGURG;

// CPU time, ns, that the process uses between two searches for threads, at least. The pause also lasts at
// least kPauseForWork times as long as a search.
constexpr std::uint64_t kPause = 5'000'000;
constexpr std::uint64_t kPauseForWork = 100;

constinit Hooks hooks{};
constinit std::atomic<std::uint32_t> period{0}; // microseconds between two samples of a thread; 0: off
constinit std::atomic<State> now{State::kOff};
constinit std::atomic<bool> has_watcher{false};
constinit std::atomic<std::uint64_t> own_time{0}; // CPU time of the watcher, ns
constinit std::atomic<std::uint64_t> refused{0};
// Timer signals carry a mark's address: the first for the timer's own periods, mark n for n periods.
constexpr std::size_t kMostPeriods = 64;
constinit std::array<char, kMostPeriods + 1> marks{};

std::uint64_t nanoseconds(clockid_t clock) {
    timespec time{};
    os::system_call(SYS_clock_gettime, clock, &time);
    return static_cast<std::uint64_t>(time.tv_sec) * kSecond + static_cast<std::uint64_t>(time.tv_nsec);
}

// ---- The handler ------------------------------------------------------------------------------------------

// Samples the interrupted thread. Ignores any other SIGURG, which is the default.
void take_signal(int /*number*/, siginfo_t* information, void* context) {
    const auto periods = reinterpret_cast<std::uintptr_t>(information->si_value.sival_ptr) -
                         reinterpret_cast<std::uintptr_t>(marks.data());
    if (information->si_code != SI_TIMER || periods > kMostPeriods) return;
    const int saved = errno;
    const std::uint64_t times =
        periods != 0 ? periods : 1 + static_cast<std::uint64_t>(std::max(information->si_overrun, 0));
    if (const std::uint64_t each = period.load(kRelaxed); each != 0) hooks.sample(context, times * each);
    errno = saved;
}

// ---- Timers, of the watcher alone -------------------------------------------------------------------------

struct Timer {
    std::uint32_t thread;
    std::int32_t number;
    std::int32_t of_past; // one-shot timer for CPU time before the thread was seen
    std::uint32_t round;  // round in which the thread was last seen
};
constexpr std::int32_t kNone = -1;

constexpr std::size_t kTableBytes = std::size_t{256} << 10;
constexpr std::size_t kMostTimers = kTableBytes / sizeof(Timer);

class Timers {
  public:
    void use_memory(void* memory) { timers_ = static_cast<Timer*>(memory); }
    void forget() { count_ = 0; } // a forked child has no timers

    void end_all() {
        for (std::size_t i = 0; i < count_; ++i)
            end(timers_[i]);
        count_ = 0;
    }

    void begin_round() {
        is_first_ = count_ == 0;
        ++round_;
        cursor_ = 0;
    }
    // Notes that `thread` exists, and begins the timers of a new thread. The kernel and the table list
    // threads in the order in which they began. A thread is thus at the cursor or behind it.
    void see(std::uint32_t thread, std::uint64_t nanoseconds) {
        std::size_t i = cursor_;
        while (i < count_ && timers_[i].thread != thread)
            ++i;
        if (i == count_) {
            if (count_ == kMostTimers) return;
            timers_[count_++] = begin(thread, nanoseconds);
        } else if (timers_[i].of_past != kNone && is_over(timers_[i].of_past)) {
            os::system_call(SYS_timer_delete, std::exchange(timers_[i].of_past, kNone));
        }
        timers_[i].round = round_;
        cursor_ = i + 1;
    }
    // Ends the timers of threads that were not seen, because these have ended.
    void end_round() {
        std::size_t kept = 0;
        for (std::size_t i = 0; i < count_; ++i) {
            if (timers_[i].round == round_) {
                timers_[kept++] = timers_[i];
            } else {
                end(timers_[i]);
            }
        }
        count_ = kept;
    }

  private:
    static void end(const Timer& timer) {
        for (const std::int32_t number : {timer.number, timer.of_past}) {
            if (number != kNone) os::system_call(SYS_timer_delete, number);
        }
    }

    // Begins the timers of a new thread. Its first signal comes after a random part of a period. Otherwise
    // threads that use less than a period would never have samples. CPU time from before the thread was seen
    // is sampled with the same probability. Its signal comes as soon as the thread runs on.
    Timer begin(std::uint32_t thread, std::uint64_t nanoseconds) {
        constexpr std::uint32_t kOfOneThread = 4;
        constexpr std::uint32_t kScheduled = 2;
        const auto clock = static_cast<clockid_t>(~thread << 3 | kOfOneThread | kScheduled);
        Timer timer{thread, kNone, kNone, round_};
        timer.number = create(thread, clock, 0, 1 + chance() % nanoseconds, nanoseconds);
        if (timer.number == kNone) refused.fetch_add(1, kRelaxed);
        const std::uint64_t past = is_first_ ? 0 : cpu_sampler::nanoseconds(clock);
        const auto periods = static_cast<std::size_t>((past + chance() % nanoseconds) / nanoseconds);
        constexpr std::uint64_t kAtOnce = 1000;
        if (periods != 0) timer.of_past = create(thread, clock, std::min(periods, kMostPeriods), kAtOnce, 0);
        return timer;
    }

    static bool is_over(std::int32_t number) {
        itimerspec left{};
        os::system_call(SYS_timer_gettime, number, &left);
        return left.it_value.tv_sec == 0 && left.it_value.tv_nsec == 0;
    }

    // The first time is relative, so a thread that does not run gets no signal.
    static std::int32_t create(std::uint32_t thread, clockid_t clock, std::size_t periods,
                               std::uint64_t first, std::uint64_t interval) {
        sigevent event{};
        event.sigev_notify = SIGEV_THREAD_ID;
        event.sigev_signo = kSignal;
        event.sigev_value.sival_ptr = &marks[periods];
        event._sigev_un._tid = static_cast<pid_t>(thread);
        int number = kNone;
        if (os::system_call(SYS_timer_create, clock, &event, &number) != 0) return kNone;
        const itimerspec times{.it_interval = time_of(interval), .it_value = time_of(first)};
        os::system_call(SYS_timer_settime, number, 0, &times, nullptr);
        return number;
    }

    static timespec time_of(std::uint64_t nanoseconds) {
        return {static_cast<time_t>(nanoseconds / kSecond), static_cast<long>(nanoseconds % kSecond)};
    }

    std::uint64_t chance() {
        if (state_ == 0) state_ = cpu_sampler::nanoseconds(CLOCK_MONOTONIC) << 1 | 1;
        state_ ^= state_ << 13;
        state_ ^= state_ >> 7;
        state_ ^= state_ << 17;
        return state_;
    }

    Timer* timers_ = nullptr;
    std::size_t count_ = 0;
    std::size_t cursor_ = 0;
    bool is_first_ = false; // the first round, whose threads existed before
    std::uint32_t round_ = 0;
    std::uint64_t state_ = 0;
};
constinit Timers timers;

// ---- The watcher ------------------------------------------------------------------------------------------

// An entry of a folder, as the kernel returns it.
struct Entry {
    std::uint64_t inode;
    std::int64_t offset;
    std::uint16_t length;
    std::uint8_t type;
    char name[1]; // NOLINT(modernize-avoid-c-arrays): the kernel's
};

// Returns the number that begins `name`, or 0.
std::uint32_t number_in(const char* name) {
    std::uint32_t number = 0;
    for (; *name >= '0' && *name <= '9'; ++name)
        number = number * 10 + static_cast<std::uint32_t>(*name - '0');
    return number;
}

// Opened by the watcher, which has its own table of descriptors.
constinit long list_of_threads = -1;
constinit bool is_of_child = false;

void look_for_threads(std::uint32_t own, std::uint64_t nanoseconds) {
    constexpr std::size_t kPiece = 2048;
    alignas(std::uint64_t) std::array<char, kPiece> piece;
    if (list_of_threads < 0) {
        list_of_threads =
            os::system_call(SYS_openat, AT_FDCWD, "/proc/self/task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    } else {
        os::system_call(SYS_lseek, list_of_threads, 0, SEEK_SET);
    }
    timers.begin_round();
    if (list_of_threads < 0) timers.see(static_cast<std::uint32_t>(os::process_id()), nanoseconds);
    long length = 0;
    while ((length = os::system_call(SYS_getdents64, list_of_threads, piece.data(), piece.size())) > 0) {
        for (long at = 0; at < length;) {
            const auto& entry = *reinterpret_cast<const Entry*>(&piece[static_cast<std::size_t>(at)]);
            const std::uint32_t thread = number_in(static_cast<const char*>(entry.name));
            if (thread != 0 && thread != own) timers.see(thread, nanoseconds);
            at += entry.length;
        }
    }
    if (length == 0) timers.end_round(); // otherwise the list is incomplete
}

void sleep_until_used(std::uint64_t nanoseconds) {
    const timespec pause{static_cast<time_t>(nanoseconds / kSecond),
                         static_cast<long>(nanoseconds % kSecond)};
    os::system_call(SYS_clock_nanosleep, CLOCK_PROCESS_CPUTIME_ID, 0, &pause, nullptr);
}

enum class Taken { kNo, kBefore, kNow };

// kNo: the program handles the signal. A program that has reset all signals to their defaults does not.
Taken take_signal_over() {
    switch (os::disposition_of(kSignal, take_signal)) {
    case os::Disposition::kHandledByThis:
        return Taken::kBefore;
    case os::Disposition::kHandled:
        return Taken::kNo;
    default:
        return os::handle_signal(kSignal, take_signal) ? Taken::kNow : Taken::kNo;
    }
}

// Restores the default, which ignores signals that are still pending.
void give_signal_back() {
    if (os::disposition_of(kSignal, take_signal) == os::Disposition::kHandledByThis)
        os::restore_default(kSignal);
}

void watch() {
    const auto own = static_cast<std::uint32_t>(os::thread_id());
    if (is_of_child) sleep_until_used(kPause); // most children only call exec
    std::uint32_t armed = 0;                   // period of the present timers; 0: none
    for (;;) {
        const std::uint32_t wanted = period.load(std::memory_order_acquire);
        const Taken taken = wanted != 0 ? take_signal_over() : Taken::kBefore;
        if (taken == Taken::kNo) { // the program handles it from now on
            now.store(State::kSignalInUse, kRelaxed);
            std::uint32_t expected = wanted;
            period.compare_exchange_strong(expected, 0, std::memory_order_acq_rel);
            hooks.watch();
            continue;
        }
        // A timer whose signal was ignored once may never send another (since Linux 6.13).
        if (wanted != armed || taken == Taken::kNow) timers.end_all();
        armed = wanted;
        if (wanted == 0) {
            give_signal_back();
            os::system_call(SYS_futex, &period, FUTEX_WAIT_PRIVATE, 0, nullptr);
            continue;
        }
        const std::uint64_t before = own_time.load(kRelaxed);
        look_for_threads(own, std::uint64_t{wanted} * 1000);
        hooks.watch();
        const std::uint64_t after = nanoseconds(CLOCK_THREAD_CPUTIME_ID);
        own_time.store(after, kRelaxed);
        sleep_until_used(std::max(kPause, (after - before) * kPauseForWork));
    }
}

// The watcher's stack, with an inaccessible page below, and the table of timers. Forked children reuse them.
constinit char* memory = nullptr;

bool prepare_memory() {
    if (memory != nullptr) return true;
    const std::size_t page = os::page_size();
    const long result =
        os::system_call(SYS_mmap, nullptr, page + os::kBareStack + kTableBytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (os::failed(result)) return false;
    os::system_call(SYS_mprotect, result, page, PROT_NONE);
    memory = reinterpret_cast<char*>(result) + page;
    timers.use_memory(memory + os::kBareStack);
    return true;
}

bool start_watcher() {
    if (has_watcher.exchange(true)) return true;
    list_of_threads = -1;
    own_time.store(0, kRelaxed);
    if (prepare_memory() && os::start_bare_thread(watch, memory)) return true;
    has_watcher.store(false);
    return false;
}

State started(State state) {
    now.store(state, kRelaxed);
    if (state != State::kSamples) period.store(0, std::memory_order_release);
    return state;
}

} // namespace

State start(std::size_t hertz, const Hooks& wanted) {
    hooks = wanted;
    if (take_signal_over() == Taken::kNo) return started(State::kSignalInUse);
    constexpr std::size_t kMicroseconds = 1'000'000;
    now.store(State::kSamples, kRelaxed);
    period.store(static_cast<std::uint32_t>(kMicroseconds / std::clamp<std::size_t>(hertz, 1, kMostHertz)),
                 std::memory_order_release);
    if (!start_watcher()) return started(State::kNoThread);
    os::system_call(SYS_futex, &period, FUTEX_WAKE_PRIVATE, INT_MAX);
    return State::kSamples;
}

void stop() {
    if (now.exchange(State::kOff, kRelaxed) == State::kSamples) period.store(0, std::memory_order_release);
}

State state() {
    return now.load(kRelaxed);
}

std::uint32_t microseconds() {
    return period.load(kRelaxed);
}

void survive_fork() {
    has_watcher.store(false);
    is_of_child = true;
    timers.forget();
    if (period.load(kRelaxed) != 0 && !start_watcher()) started(State::kNoThread);
}

std::uint64_t used() {
    const std::uint64_t all = nanoseconds(CLOCK_PROCESS_CPUTIME_ID);
    return all - std::min(all, own_time.load(kRelaxed));
}

std::uint64_t unwatched() {
    return refused.load(kRelaxed);
}

} // namespace ashlar::observe::cpu_sampler
