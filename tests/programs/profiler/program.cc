// SPDX-License-Identifier: MIT
//
// A program with known calls of malloc, for tests of the profiler.
//
// usage: program MODE [ARGUMENT]
#include "odd_stacks.h"

#include <ashlar/ashlar.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <execinfo.h>
#include <stdexcept>
#include <string>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

#pragma GCC diagnostic ignored "-Wattributes"

// Weak, because the library is preloaded.
#pragma weak ashlar_profile_start
#pragma weak ashlar_profile_stop
#pragma weak ashlar_profile_pause
#pragma weak ashlar_profile_dump
#pragma weak ashlar_profile_status

namespace {

template <typename T>
T opaque(T value) {
    asm volatile("" : "+r"(value) : : "memory");
    return value;
}

} // namespace

// A site: a function with its own name, and without a tail call.
#define SITE(name, expression)                                                                               \
    extern "C" [[gnu::noinline, gnu::noipa]] void* name(std::size_t size);                                   \
    void* name(std::size_t size) {                                                                           \
        return opaque(expression);                                                                           \
    }
SITE(site_kept, std::malloc(size))
SITE(site_temporary, std::malloc(size))
SITE(site_zeroed, std::calloc(1, size))
SITE(site_aligned, std::aligned_alloc(64, size))
SITE(site_large, std::malloc(size))
SITE(site_new, ::operator new(size))

extern "C" [[gnu::noinline, gnu::noipa]] void* site_resized(void* block, std::size_t size);
void* site_resized(void* block, std::size_t size) {
    return opaque(std::realloc(block, size));
}

namespace {

void expect(bool condition, const char* what) {
    if (condition) return;
    std::fprintf(stderr, "program: not so: %s\n", what);
    std::_Exit(1);
}

// The requests that tests/programs/profiler/profiler_test.py expects.
int sites() {
    constexpr int kKept = 60'000;
    static std::array<void*, kKept> kept{};
    for (void*& block : kept)
        block = site_kept(200);
    for (int i = 0; i < 200'000; ++i)
        std::free(site_temporary(100));
    for (int i = 0; i < 20'000; ++i)
        std::free(site_zeroed(300));
    for (int i = 0; i < 20'000; ++i)
        std::free(site_aligned(640));
    for (int i = 0; i < 20'000; ++i)
        ::operator delete(site_new(500));
    for (int i = 0; i < 100; ++i)
        std::free(site_large(100'000));
    void* growing = nullptr;
    for (std::size_t size = 100'000; size <= 5'000'000; size += 100'000)
        growing = site_resized(growing, size);
    std::free(growing);
    for (int i = 0; i < kKept; i += 2)
        std::free(kept[static_cast<std::size_t>(i)]);
    return 0;
}

// Requests tiny and zero-sized blocks in threads that request nothing else. The first request has size 0.
int tiny() {
    for (int number = 0; number < 4; ++number) {
        std::thread([] {
            for (int i = 0; i < 1000; ++i) {
                for (const std::size_t size : {0, 1, 2, 3})
                    std::free(site_temporary(size));
                std::free(site_zeroed(0));
                std::free(site_zeroed(5));
            }
        }).join();
    }
    return 0;
}

void churn(std::uint64_t state, const std::atomic<bool>& stop) {
    std::array<void*, 200> blocks{};
    while (!stop.load(std::memory_order_relaxed)) {
        state = state * 6364136223846793005U + 1442695040888963407U;
        void*& slot = blocks[(state >> 33) % blocks.size()];
        std::free(slot);
        slot = site_temporary((state >> 40) % 2 != 0 ? 1000 : 50'000);
        std::memset(slot, 1, 1000);
    }
    for (void* const block : blocks)
        std::free(block);
}

constinit std::atomic<bool> stop{false};

// Runs until the process is killed.
int threads() {
    std::vector<std::thread> others;
    for (std::uint64_t i = 1; i <= 3; ++i)
        others.emplace_back([i] { churn(i, stop); });
    std::puts("ready");
    std::fflush(stdout);
    churn(4, stop);
    return 0;
}

// Acts as a second profiler: unwinds wherever the program is, also inside malloc.
void second_profiler(int) {
    const int error = errno;
    std::array<void*, 64> frames{};
    ::backtrace(frames.data(), static_cast<int>(frames.size()));
    errno = error;
}

// Repeats the action until the storm is over.
template <typename Action>
void start(std::vector<std::thread>& threads, Action action) {
    threads.emplace_back([action] {
        while (!stop.load(std::memory_order_relaxed))
            action();
    });
}

void allocate_once(std::size_t size) {
    std::free(site_temporary(size));
}

// Same, but blocks the second profiler. libgcc's unwinder reads the code at every presumed return address. It
// crashes on an invalid stack, or while the stack is being switched.
template <typename Action>
void start_unseen(std::vector<std::thread>& threads, Action action) {
    threads.emplace_back([action]() mutable {
        sigset_t second;
        ::sigemptyset(&second);
        ::sigaddset(&second, SIGPROF);
        ::pthread_sigmask(SIG_BLOCK, &second, nullptr);
        while (!stop.load(std::memory_order_relaxed))
            action();
    });
}

void start_odd_stacks(std::vector<std::thread>& threads) {
    start(threads, [] { odd_stacks::deep(allocate_once); });
    start(threads, [] { odd_stacks::alternate(allocate_once); });
    start(threads, [] { odd_stacks::undescribed(allocate_once); });
    start_unseen(threads, [] { odd_stacks::coroutines(allocate_once); });
    start_unseen(threads,
                 [random = std::uint64_t{1}]() mutable { odd_stacks::corrupt(allocate_once, random); });
}

// Does everything that may go wrong while other threads allocate, for `rounds` rounds.
int storm(int rounds, const char* library) {
    std::vector<std::thread> others;
    second_profiler(0); // its first call loads a library
    for (std::uint64_t i = 1; i <= 2; ++i)
        others.emplace_back([i] { churn(i, stop); });
    start(others, [library] {
        void* const opened = ::dlopen(library, RTLD_NOW | RTLD_LOCAL);
        expect(opened != nullptr, "dlopen");
        ::dlclose(opened);
    });
    start(others, [] {
        try {
            throw std::runtime_error(std::string(100, 'x'));
        } catch (const std::runtime_error& error) {
            expect(error.what()[0] == 'x', "exception");
        }
    });
    start(others, [] { std::thread([] { allocate_once(100'000); }).join(); });
    start_odd_stacks(others);
    std::signal(SIGPROF, second_profiler);
    const itimerval often{{0, 1000}, {0, 1000}};
    ::setitimer(ITIMER_PROF, &often, nullptr);
    for (int i = 0; i < rounds; ++i) {
        const pid_t child = ::fork();
        if (child == 0) {
            for (int j = 0; j < 50; ++j)
                std::free(site_kept(50'000));
            std::_Exit(0);
        }
        int status = 0;
        while (::waitpid(child, &status, 0) < 0) {
        }
        expect(WIFEXITED(status) && WEXITSTATUS(status) == 0, "a forked child ends well");
    }
    stop.store(true);
    for (std::thread& other : others)
        other.join();
    return 0;
}

void wait_for(pid_t child) {
    int status = 0;
    expect(::waitpid(child, &status, 0) == child && status == 0, "a child ends well");
}

int forks() {
    static std::array<void*, 200> blocks{};
    for (void*& block : blocks)
        block = site_kept(50'000);
    const pid_t child = ::fork();
    if (child == 0) {
        for (void* const block : blocks)
            std::free(block);
        for (int i = 0; i < 100; ++i)
            std::free(site_temporary(50'000));
        return 0;
    }
    wait_for(child);
    // Runs no fork handlers.
    const auto bare = static_cast<pid_t>(::syscall(SYS_fork));
    if (bare == 0) {
        for (int i = 0; i < 100; ++i)
            std::free(site_temporary(50'000));
        ::_exit(0);
    }
    wait_for(bare);
    const pid_t idle = ::fork();
    if (idle == 0) ::_exit(0);
    wait_for(idle);
    for (int i = 0; i < 100; ++i)
        std::free(site_large(50'000));
    return 0;
}

ashlar_profile_state state() {
    ashlar_profile_state now{};
    expect(::ashlar_profile_status(&now, sizeof(now)) == 0, "status");
    return now;
}

void allocate(int times) {
    for (int i = 0; i < times; ++i)
        std::free(site_temporary(50'000));
}

// Makes the calls in children without fork handlers, which must not use inherited state.
int bare_calls() {
    allocate(100);
    int (*const calls[])() = {::ashlar_profile_dump, ::ashlar_profile_stop, ::ashlar_profile_pause};
    for (const auto call : calls) {
        const auto child = static_cast<pid_t>(::syscall(SYS_fork));
        if (child == 0) {
            expect(state().recording == 0 && state().rate == 0 && state().written == 0, "not the child's");
            expect(call() == ENOENT, "a call in a child");
            allocate(10);
            expect(state().recording == 1, "the child's own");
            ::_exit(0);
        }
        wait_for(child);
    }
    expect(state().recording == 1, "the parent's");
    return 0;
}

int by_calls(const char* folder) {
    expect(::ashlar_profile_status(nullptr, 0) == EINVAL, "EINVAL");
    expect(state().recording == 0 && state().path[0] == '\0', "off");
    expect(::ashlar_profile_stop() == ENOENT && ::ashlar_profile_dump() == ENOENT, "ENOENT");
    expect(::ashlar_profile_start(1000, "/no/such/folder") == ENOENT, "no folder");
    expect(::ashlar_profile_start(1000, folder) == 0, "start");
    expect(::ashlar_profile_start(2000, folder) == 0, "start again");
    allocate(100);
    expect(state().recording == 1 && state().samples > 0 && state().rate == 1000, "recording");
    expect(state().allocated >= 4'000'000, "allocated");
    void* const kept = site_kept(100'000);
    expect(state().live >= 100'000, "live");
    expect(::ashlar_profile_pause() == 0, "pause");
    const unsigned long long before = state().samples;
    allocate(100);
    expect(state().paused == 1 && state().recording == 0 && state().samples == before, "paused");
    std::free(kept); // recorded
    expect(::ashlar_profile_start(0, nullptr) == 0, "resume");
    allocate(100);
    expect(state().samples > before, "resumed");
    void* const longer = site_kept(100'000);
    expect(::ashlar_profile_dump() == 0, "dump");
    expect(::ashlar_profile_stop() == 0, "stop");
    expect(state().recording == 0 && state().rate == 0, "stopped");
    expect(::ashlar_profile_start(500, folder) == 0, "a second file");
    allocate(10);
    std::free(longer); // the first recording's block
    std::puts(state().path);
    return 0;
}

// Sends itself signals, and allocates in between.
int by_signals(int number) {
    for (int i = 0; i < 3; ++i) {
        allocate(100);
        ::raise(number);
    }
    allocate(100);
    return 0;
}

// Like by_signals(), but a reader of "ready" sends the signals and answers with a line.
int asked() {
    for (;;) {
        std::puts("ready");
        std::fflush(stdout);
        if (std::getchar() == EOF) return 0;
        allocate(100);
    }
}

} // namespace

int main(int count, char** arguments) {
    const std::string mode = count > 1 ? arguments[1] : "";
    const char* const argument = count > 2 ? arguments[2] : "";
    if (mode == "sites") return sites();
    if (mode == "tiny") return tiny();
    if (mode == "threads") return threads();
    if (mode == "storm") return storm(std::atoi(argument), arguments[3]);
    if (mode == "forks") return forks();
    if (mode == "bare-calls") return bare_calls();
    if (mode == "calls") return by_calls(argument);
    if (mode == "signals") return by_signals(std::atoi(argument));
    if (mode == "asked") return asked();
    if (mode == "exec") {
        allocate(100);
        ::execl("/proc/self/exe", "program", "sites", nullptr);
    }
    return 2;
}
