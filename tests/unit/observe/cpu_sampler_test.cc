// SPDX-License-Identifier: MIT
#include "../support/build_kind.h"
#include "../support/child.h"
#include "observe/cpu_sampler.h"

#include <array>
#include <atomic>
#include <catch2/catch.hpp>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <ctime>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

using namespace ashlar::observe;
using cpu_sampler::State;

// Counts of the handler.
struct Seen {
    std::atomic<std::uint64_t> samples{0};
    std::atomic<std::uint64_t> microseconds{0};
    std::atomic<std::uint64_t> of_main{0};
    std::atomic<std::uint64_t> watched{0};
};
Seen seen;

void take(const void* context, std::uint64_t microseconds) {
    if (context == nullptr) return;
    seen.samples.fetch_add(1);
    seen.microseconds.fetch_add(microseconds);
    seen.of_main.fetch_add(::syscall(SYS_gettid) == ::getpid() ? 1 : 0);
    errno = EDOM; // system calls of a handler may change errno
}
constexpr cpu_sampler::Hooks kHooks{take, [] { seen.watched.fetch_add(1); }};

double used(clockid_t clock = CLOCK_THREAD_CPUTIME_ID) {
    timespec time{};
    ::clock_gettime(clock, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

void burn(double seconds) {
    const double end = used() + seconds;
    while (used() < end) {
    }
}

std::atomic<std::uint64_t> own_signals{0};
std::atomic<std::uint64_t> signals_of_timers{0};
void count_signal(int /*number*/, siginfo_t* information, void* /*context*/) {
    own_signals.fetch_add(1);
    if (information->si_code == SI_TIMER) signals_of_timers.fetch_add(1);
}
void handle_urgent() {
    struct sigaction action {};
    action.sa_sigaction = count_signal;
    action.sa_flags = SA_SIGINFO | SA_RESTART;
    REQUIRE(::sigaction(SIGURG, &action, nullptr) == 0);
}

} // namespace

// The watcher has no thread-local variables. A sanitizer's instrumentation needs them in every function.
#define SKIP_UNDER_SANITIZER()                                                                               \
    UNIT_SKIP_IF(unit::kSanitizer,                                                                           \
                 "the sampler's thread has no thread-local variables, which sanitizers need")

UNIT_TEST_CASE_IN_CHILD("cpu sampler: samples stand for the CPU time that was used", unit::kNoHeap) {
    SKIP_UNDER_SANITIZER();
    REQUIRE(cpu_sampler::start(200, kHooks) == State::kSamples);
    burn(0.02); // until the watcher knows the thread
    const std::uint64_t before = seen.microseconds;
    const double begin = used();
    burn(1);
    const double sampled = static_cast<double>(seen.microseconds - before) * 1e-6;
    REQUIRE(sampled == Approx(used() - begin).margin(0.1));
    REQUIRE(seen.of_main == seen.samples);
    REQUIRE(cpu_sampler::microseconds() == 5000);
    REQUIRE(static_cast<double>(cpu_sampler::used()) * 1e-9 ==
            Approx(used(CLOCK_PROCESS_CPUTIME_ID)).margin(0.05));
}

UNIT_TEST_CASE_IN_CHILD("cpu sampler: a thread that sleeps is not interrupted", unit::kNoHeap) {
    SKIP_UNDER_SANITIZER();
    REQUIRE(cpu_sampler::start(500, kHooks) == State::kSamples);
    std::atomic<bool> over{false};
    std::thread other([&] {
        while (!over)
            burn(0.005);
    });
    while (seen.samples == 0)
        std::this_thread::yield();
    const std::uint64_t of_main = seen.of_main;
    const std::uint64_t samples = seen.samples;
    int interrupted = 0;
    for (int i = 0; i < 20 || seen.samples < samples + 10; ++i) {
        const timespec pause{.tv_sec = 0, .tv_nsec = 20'000'000};
        interrupted += ::nanosleep(&pause, nullptr) == 0 ? 0 : 1;
    }
    over = true;
    other.join();
    REQUIRE(interrupted == 0);
    REQUIRE(seen.of_main <= of_main + 2); // the calls of nanosleep use some CPU time
}

UNIT_TEST_CASE_IN_CHILD("cpu sampler: threads have samples in proportion and the watcher none",
                        unit::kNoHeap) {
    SKIP_UNDER_SANITIZER();
    REQUIRE(cpu_sampler::start(250, kHooks) == State::kSamples);
    std::vector<std::thread> threads;
    for (int i = 0; i < 6; ++i)
        threads.emplace_back([] { burn(0.2); });
    for (std::thread& each : threads)
        each.join();
    const double sampled = static_cast<double>(seen.microseconds) * 1e-6;
    REQUIRE(sampled > 0.6 * 1.2); // the last milliseconds of a thread may be missing
    REQUIRE(sampled < 1.15 * 1.2);
    REQUIRE(cpu_sampler::unwatched() == 0);
}

UNIT_TEST_CASE_IN_CHILD("cpu sampler: a program that handles SIGURG is left alone", unit::kNoHeap) {
    SKIP_UNDER_SANITIZER();
    handle_urgent();
    REQUIRE(cpu_sampler::start(200, kHooks) == State::kSignalInUse);
    burn(0.1);
    ::raise(SIGURG);
    REQUIRE(own_signals == 1);
    REQUIRE(seen.samples == 0);
    REQUIRE(cpu_sampler::microseconds() == 0);
}

UNIT_TEST_CASE_IN_CHILD("cpu sampler: it steps aside when the program handles SIGURG later", unit::kNoHeap) {
    SKIP_UNDER_SANITIZER();
    REQUIRE(cpu_sampler::start(200, kHooks) == State::kSamples);
    while (seen.samples == 0)
        burn(0.005);
    handle_urgent();
    while (cpu_sampler::state() != State::kSignalInUse)
        burn(0.005);
    burn(0.05); // the timers end shortly after
    const std::uint64_t late = signals_of_timers;
    burn(0.3);
    ::raise(SIGURG);
    REQUIRE(signals_of_timers == late);
    REQUIRE(own_signals == late + 1);
}

UNIT_TEST_CASE_IN_CHILD("cpu sampler: a program that sets signals back to their defaults is sampled on",
                        unit::kNoHeap) {
    SKIP_UNDER_SANITIZER();
    REQUIRE(cpu_sampler::start(200, kHooks) == State::kSamples);
    burn(0.05);
    std::signal(SIGURG, SIG_DFL); // the kernel ignores signals until the watcher notices
    burn(0.05);
    const std::uint64_t samples = seen.samples;
    while (seen.samples < samples + 3)
        burn(0.005);
    cpu_sampler::stop();
    struct sigaction action {};
    do {
        burn(0.005);
        REQUIRE(::sigaction(SIGURG, nullptr, &action) == 0);
    } while (action.sa_handler != SIG_DFL);
}

UNIT_TEST_CASE_IN_CHILD("cpu sampler: other signals of the same number are ignored as before",
                        unit::kNoHeap) {
    SKIP_UNDER_SANITIZER();
    REQUIRE(cpu_sampler::start(1, kHooks) == State::kSamples);
    const std::uint64_t samples = seen.samples;
    ::raise(SIGURG);
    REQUIRE(seen.samples == samples);
}

UNIT_TEST_CASE_IN_CHILD("cpu sampler: after a stop there are no samples and a start brings them back",
                        unit::kNoHeap) {
    SKIP_UNDER_SANITIZER();
    REQUIRE(cpu_sampler::start(200, kHooks) == State::kSamples);
    while (seen.samples == 0)
        burn(0.005);
    cpu_sampler::stop();
    const std::uint64_t samples = seen.samples;
    burn(0.1);
    REQUIRE(seen.samples == samples);
    REQUIRE(cpu_sampler::state() == State::kOff);
    REQUIRE(cpu_sampler::start(100, kHooks) == State::kSamples);
    while (seen.samples == samples)
        burn(0.005);
}

UNIT_TEST_CASE_IN_CHILD("cpu sampler: errno and the program's descriptors are as without it", unit::kNoHeap) {
    SKIP_UNDER_SANITIZER();
    std::array<int, 2> ends{};
    REQUIRE(::pipe(ends.data()) == 0);
    REQUIRE(cpu_sampler::start(500, kHooks) == State::kSamples);
    int wrong = 0;
    while (seen.samples < 30) {
        errno = 77;
        for (int i = 0; i < 10'000; ++i)
            asm volatile("" : : : "memory");
        wrong += errno == 77 ? 0 : 1;
    }
    REQUIRE(wrong == 0);
    ::close(ends[1]);
    char letter = 0;
    REQUIRE(::read(ends[0], &letter, 1) == 0); // the watcher must not hold the other end open
    const int next = ::dup(0);
    REQUIRE(next == ends[1]);
}

UNIT_TEST_CASE_IN_CHILD("cpu sampler: a forked child has samples of its own", unit::kNoHeap) {
    SKIP_UNDER_SANITIZER();
    REQUIRE(cpu_sampler::start(200, kHooks) == State::kSamples);
    burn(0.05);
    const pid_t child = ::fork();
    if (child == 0) { // the library's fork handler restarts the watcher
        const std::uint64_t before = seen.microseconds;
        burn(0.4);
        const std::uint64_t sampled = seen.microseconds - before;
        ::_exit(sampled > 0 && sampled < 450'000 ? 0 : 1);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(status == 0);
    const std::uint64_t samples = seen.samples;
    while (seen.samples == samples) // sampling continues in the parent
        burn(0.005);
}
