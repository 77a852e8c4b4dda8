// SPDX-License-Identifier: MIT
//
// Uses the processor in known places, measured by its own CPU clock.
//
// usage: cpu ratio|both|allocates [SECONDS]|profiles|urgent|urgent-later|sleeps
//        cpu forks|executes|threads|short|stacks
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <poll.h>
#include <string>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

double used(clockid_t clock) {
    timespec time{};
    clock_gettime(clock, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

volatile std::uint64_t sum;

void spin() {
    for (int i = 0; i < 200'000; ++i) {
        sum = sum + static_cast<std::uint64_t>(i);
    }
}

} // namespace

// Outside the unnamed namespace, so that names are short. Never inlined, so that the functions exist.
[[gnu::noinline]] void burn_three(double seconds) {
    const double end = used(CLOCK_THREAD_CPUTIME_ID) + 3 * seconds;
    while (used(CLOCK_THREAD_CPUTIME_ID) < end) {
        for (int i = 0; i < 200'000; ++i) {
            sum = sum + static_cast<std::uint64_t>(i);
        }
    }
}
[[gnu::noinline]] void burn_one(double seconds) {
    const double end = used(CLOCK_THREAD_CPUTIME_ID) + seconds;
    while (used(CLOCK_THREAD_CPUTIME_ID) < end) {
        for (int i = 0; i < 200'000; ++i) {
            sum = sum + static_cast<std::uint64_t>(i);
        }
    }
}

// Allocates many small blocks in one place and few in the other.
[[gnu::noinline]] void* allocates_much() {
    return std::malloc(64);
}
[[gnu::noinline]] void* allocates_little() {
    return std::malloc(64);
}
[[gnu::noinline]] void releases(void* block) {
    std::free(block);
}
// Allocates in one place until the thread has used `seconds` of CPU time.
[[gnu::noinline]] void allocates_and_releases(double seconds) {
    const double end = used(CLOCK_THREAD_CPUTIME_ID) + seconds;
    while (used(CLOCK_THREAD_CPUTIME_ID) < end) {
        for (int i = 0; i < 1000; ++i) {
            std::free(std::malloc(64)); // one line is one place
        }
    }
}

namespace {

std::atomic<long> signals{0};
std::atomic<long> of_timers{0};

void count_signal(int /*number*/, siginfo_t* information, void* /*context*/) {
    signals.fetch_add(1);
    if (information->si_code == SI_TIMER) of_timers.fetch_add(1);
}

void handle(int number) {
    struct sigaction action {};
    action.sa_sigaction = count_signal;
    action.sa_flags = SA_SIGINFO | SA_RESTART;
    sigaction(number, &action, nullptr);
}

void allocate(double seconds) {
    std::vector<void*> blocks(3000);
    const double end = used(CLOCK_THREAD_CPUTIME_ID) + seconds;
    while (used(CLOCK_THREAD_CPUTIME_ID) < end) {
        for (std::size_t i = 0; i < blocks.size(); ++i) {
            blocks[i] = i % 10 == 0 ? allocates_little() : allocates_much();
        }
        for (void* const block : blocks) {
            releases(block);
        }
    }
}

// Runs a profiler of the program's own.
void profile_itself() {
    handle(SIGPROF);
    const itimerval each{.it_interval = {.tv_sec = 0, .tv_usec = 10'000},
                         .it_value = {.tv_sec = 0, .tv_usec = 10'000}};
    setitimer(ITIMER_PROF, &each, nullptr);
    burn_three(0.2);
    burn_one(0.2);
    const itimerval none{};
    setitimer(ITIMER_PROF, &none, nullptr);
    std::printf("%ld\n", signals.load());
}

// Sends itself a signal now and then, as for out-of-band data.
void be_urgent(bool later) {
    if (!later) handle(SIGURG);
    burn_one(0.3);
    if (later) handle(SIGURG);
    burn_one(0.1); // later CPU time belongs to the program
    const long before = of_timers.load();
    for (int i = 0; i < 10; ++i) {
        raise(SIGURG);
        burn_one(0.05);
    }
    std::printf("%ld %ld %ld\n", signals.load() - of_timers.load(), before, of_timers.load() - before);
}

// Waits in every way that a handled signal ends early, while other threads use the processor.
void sleep_beside_others() {
    std::atomic<bool> over{false};
    std::vector<std::thread> others;
    for (int i = 0; i < 2; ++i) {
        others.emplace_back([&] {
            while (!over) {
                burn_one(0.01);
            }
        });
    }
    int interrupted = 0;
    int pipe_ends[2];
    if (pipe(pipe_ends) != 0) std::abort();
    const int events = epoll_create1(0);
    const auto note = [&](int result) { interrupted += result != 0 && errno == EINTR ? 1 : 0; };
    for (int i = 0; i < 20; ++i) {
        const timespec pause{.tv_sec = 0, .tv_nsec = 20'000'000};
        note(nanosleep(&pause, nullptr));
        pollfd waited{.fd = pipe_ends[0], .events = POLLIN, .revents = 0};
        note(poll(&waited, 1, 20));
        timeval time{.tv_sec = 0, .tv_usec = 20'000};
        note(select(0, nullptr, nullptr, nullptr, &time));
        epoll_event event{};
        note(epoll_wait(events, &event, 1, 20));
        std::thread writer([&] {
            const timespec soon{.tv_sec = 0, .tv_nsec = 10'000'000};
            nanosleep(&soon, nullptr);
            if (write(pipe_ends[1], "x", 1) != 1) std::abort();
        });
        char letter = 0;
        note(read(pipe_ends[0], &letter, 1) == 1 ? 0 : -1);
        writer.join();
    }
    over = true;
    for (std::thread& each : others) {
        each.join();
    }
    std::printf("%d\n", interrupted);
}

// Recurses deeply, and checks that errno is kept.
[[gnu::noinline]] int go_down(int depth) {
    if (depth != 0) {
        const int found = go_down(depth - 1);
        asm volatile("" : : : "memory"); // prevents a tail call
        return found;
    }
    int wrong = 0;
    const double end = used(CLOCK_THREAD_CPUTIME_ID) + 0.3;
    while (used(CLOCK_THREAD_CPUTIME_ID) < end) {
        errno = 77;
        spin();
        wrong += errno == 77 ? 0 : 1;
    }
    return wrong;
}

void run_threads(int count, double seconds) {
    std::vector<std::thread> threads;
    threads.reserve(static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i) {
        threads.emplace_back([seconds, i] { i % 2 == 0 ? burn_three(seconds) : burn_one(seconds); });
    }
    for (std::thread& each : threads) {
        each.join();
    }
}

} // namespace

int main(int count, char** arguments) {
    const std::string what = arguments[1];
    if (what == "ratio") {
        for (int i = 0; i < 30; ++i) { // alternating: a late sample hits either in proportion
            burn_three(0.01);
            burn_one(0.01);
        }
    } else if (what == "allocates") {
        allocate(count > 2 ? std::atof(arguments[2]) : 1);
        burn_one(0.3);
    } else if (what == "both") {
        allocates_and_releases(1);
    } else if (what == "profiles") {
        profile_itself();
    } else if (what == "urgent" || what == "urgent-later") {
        be_urgent(what == "urgent-later");
    } else if (what == "sleeps") {
        sleep_beside_others();
    } else if (what == "forks") {
        burn_one(0.1);
        const pid_t child = fork();
        if (child == 0) {
            burn_three(0.2);
            _exit(0); // skips the library's last records
        }
        int status = 0;
        waitpid(child, &status, 0);
        return status;
    } else if (what == "executes") {
        burn_one(0.1);
        execl(arguments[0], arguments[0], "ratio", nullptr);
        return 1;
    } else if (what == "threads") {
        run_threads(24, 0.03);
    } else if (what == "short") {
        for (int i = 0; i < 60; ++i) {
            run_threads(2, 0.01);
        }
    } else if (what == "stacks") {
        std::printf("%d\n", go_down(300));
    }
    std::printf("%.6f\n", used(CLOCK_PROCESS_CPUTIME_ID));
}
