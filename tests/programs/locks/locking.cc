// SPDX-License-Identifier: MIT
// A program that takes locks as its argument says, counts its actions, and prints the counts as JSON.
#include <ashlar/locks.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <dlfcn.h>
#include <functional>
#include <map>
#include <mutex>
#include <pthread.h>
#include <semaphore.h>
#include <string>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <thread>
#include <threads.h>
#include <unistd.h>
#include <vector>

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

pthread_mutex_t plain = PTHREAD_MUTEX_INITIALIZER;
pthread_mutex_t recursive = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
pthread_mutex_t checking = PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP;
pthread_rwlock_t shared = PTHREAD_RWLOCK_INITIALIZER;
pthread_spinlock_t spinning;
sem_t semaphore;
mtx_t of_c11;
std::timed_mutex timed;
std::mutex first_lock;
std::mutex second_lock;
pthread_mutex_t slow = PTHREAD_MUTEX_INITIALIZER;
int own_lock;

namespace {

void start() {
    pthread_spin_init(&spinning, PTHREAD_PROCESS_PRIVATE);
    sem_init(&semaphore, 0, 1);
    mtx_init(&of_c11, mtx_plain);
}

timespec soon(clockid_t clock, long milliseconds) {
    timespec now{};
    clock_gettime(clock, &now);
    now.tv_nsec += milliseconds * 1'000'000;
    now.tv_sec += now.tv_nsec / 1'000'000'000;
    now.tv_nsec %= 1'000'000'000;
    return now;
}

void in_threads(int count, const std::function<void(int)>& work) {
    std::vector<std::thread> threads;
    for (int number = 0; number < count; ++number) {
        threads.emplace_back([number, &work] {
            pthread_setname_np(pthread_self(), ("worker-" + std::to_string(number)).c_str());
            work(number);
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
}

void print(const std::map<std::string, long>& counts) {
    const char* separator = "{";
    for (const auto& [name, count] : counts) {
        std::printf("%s\"%s\": %ld", separator, name.c_str(), count);
        separator = ", ";
    }
    std::puts("}");
    std::fflush(stdout);
}

// Takes every kind of lock that a thread holds, from four threads.
[[gnu::noinline]] std::map<std::string, long> take_each() {
    constexpr int kThreads = 4;
    constexpr int kTimes = 2000;
    std::atomic<long> tries{0};
    in_threads(kThreads, [&](int /*number*/) {
        for (int i = 0; i < kTimes; ++i) {
            pthread_mutex_lock(&plain);
            pthread_mutex_unlock(&plain);
            pthread_mutex_lock(&recursive);
            pthread_mutex_lock(&recursive);
            pthread_mutex_unlock(&recursive);
            pthread_mutex_unlock(&recursive);
            pthread_mutex_lock(&checking);
            if (pthread_mutex_lock(&checking) != EDEADLK) std::abort();
            pthread_mutex_unlock(&checking);
            pthread_rwlock_rdlock(&shared);
            pthread_rwlock_unlock(&shared);
            pthread_rwlock_wrlock(&shared);
            pthread_rwlock_unlock(&shared);
            pthread_spin_lock(&spinning);
            pthread_spin_unlock(&spinning);
            sem_wait(&semaphore);
            sem_post(&semaphore);
            mtx_lock(&of_c11);
            mtx_unlock(&of_c11);
            if (pthread_mutex_trylock(&slow) == 0) {
                ++tries;
                pthread_mutex_unlock(&slow);
            }
            const timespec end = soon(CLOCK_REALTIME, 10'000);
            if (pthread_mutex_timedlock(&plain, &end) == 0) pthread_mutex_unlock(&plain);
            if (timed.try_lock_for(10s)) timed.unlock();
        }
    });
    constexpr long kAll = long{kThreads} * kTimes;
    return {{"plain", 2 * kAll},  {"recursive", 2 * kAll}, {"checking", kAll},
            {"shared", 2 * kAll}, {"spinning", kAll},      {"semaphore", kAll},
            {"of_c11", kAll},     {"slow", tries},         {"timed", kAll}};
}

// Holds the lock for 20 ms while another thread waits for it. The waiting thread's own clock measures the
// wait.
[[gnu::noinline]] void hold_long() {
    for (int round = 0; round < 15; ++round) {
        std::atomic<bool> is_taken{false};
        std::thread waiter([&] {
            pthread_setname_np(pthread_self(), "waiter");
            while (!is_taken) {
                sched_yield();
            }
            const auto begin = Clock::now();
            pthread_mutex_lock(&slow);
            const auto end = Clock::now();
            pthread_mutex_unlock(&slow);
            std::printf("%ld\n", static_cast<long>(std::chrono::nanoseconds(end - begin).count()));
        });
        pthread_mutex_lock(&slow);
        is_taken = true;
        std::this_thread::sleep_for(20ms);
        pthread_mutex_unlock(&slow);
        waiter.join();
    }
}

// Runs the same pattern for each kind: one thread holds, another tries first, then waits.
void pattern(const std::function<void()>& take, const std::function<bool()>& try_to_take,
             const std::function<void()>& release) {
    for (int round = 0; round < 5; ++round) {
        std::atomic<int> step{0};
        std::thread other([&] {
            while (step != 1) {
                sched_yield();
            }
            if (try_to_take()) std::abort();
            step = 2;
            take();
            release();
        });
        take();
        step = 1;
        while (step != 2) {
            sched_yield();
        }
        std::this_thread::sleep_for(5ms);
        release();
        other.join();
    }
}

void patterns() {
    pattern([] { pthread_mutex_lock(&plain); }, [] { return pthread_mutex_trylock(&plain) == 0; },
            [] { pthread_mutex_unlock(&plain); });
    pattern([] { pthread_mutex_lock(&recursive); }, [] { return pthread_mutex_trylock(&recursive) == 0; },
            [] { pthread_mutex_unlock(&recursive); });
    pattern([] { pthread_rwlock_wrlock(&shared); }, [] { return pthread_rwlock_trywrlock(&shared) == 0; },
            [] { pthread_rwlock_unlock(&shared); });
    pattern([] { sem_wait(&semaphore); }, [] { return sem_trywait(&semaphore) == 0; },
            [] { sem_post(&semaphore); });
}

// Takes two locks in both orders, one after the other.
void both_orders() {
    std::thread([] {
        const std::lock_guard one(first_lock);
        const std::lock_guard other(second_lock);
    }).join();
    std::thread([] {
        const std::lock_guard one(second_lock);
        const std::lock_guard other(first_lock);
    }).join();
}

[[noreturn]] void deadlock() {
    static std::atomic<int> have{0};
    const auto take = [](std::mutex& one, std::mutex& other) {
        one.lock();
        ++have;
        while (have != 2) {
            sched_yield();
        }
        other.lock();
    };
    std::thread left([&] {
        pthread_setname_np(pthread_self(), "left");
        take(first_lock, second_lock);
    });
    std::thread right([&] {
        pthread_setname_np(pthread_self(), "right");
        take(second_lock, first_lock);
    });
    left.join();
    right.join();
    std::abort();
}

void report(const char* what, bool is_right) {
    std::printf("%s: %s\n", what, is_right ? "right" : "wrong");
}

// Behaviour that must be the same without the profiler.
void cancel_waits() {
    static pthread_cond_t never = PTHREAD_COND_INITIALIZER;
    pthread_t thread{};
    static std::atomic<bool> is_waiting{false};
    const auto unlock = [](void* mutex) { pthread_mutex_unlock(static_cast<pthread_mutex_t*>(mutex)); };
    static void (*const cleanup)(void*) = unlock;
    pthread_create(
        &thread, nullptr,
        [](void*) -> void* {
            pthread_mutex_lock(&plain);
            pthread_cleanup_push(cleanup, &plain);
            is_waiting = true;
            while (true) {
                pthread_cond_wait(&never, &plain);
            }
            pthread_cleanup_pop(1);
        },
        nullptr);
    while (!is_waiting) {
        sched_yield();
    }
    pthread_mutex_lock(&plain); // it waits, so it has released the mutex
    pthread_mutex_unlock(&plain);
    pthread_cancel(thread);
    void* result = nullptr;
    pthread_join(thread, &result);
    report("cancelled in pthread_cond_wait", result == PTHREAD_CANCELED);
    report("its cleanup unlocked the mutex", pthread_mutex_trylock(&plain) == 0);
    pthread_mutex_unlock(&plain);

    static sem_t empty;
    sem_init(&empty, 0, 0);
    pthread_create(
        &thread, nullptr, [](void*) -> void* { return sem_wait(&empty) == 0 ? nullptr : &empty; }, nullptr);
    pthread_cancel(thread);
    pthread_join(thread, &result);
    report("cancelled in sem_wait", result == PTHREAD_CANCELED);
}

void owner_dies() {
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    static pthread_mutex_t robust;
    pthread_mutex_init(&robust, &attributes);
    std::thread([] { pthread_mutex_lock(&robust); }).join();
    report("the owner died", pthread_mutex_lock(&robust) == EOWNERDEAD);
    pthread_mutex_consistent(&robust);
    pthread_mutex_unlock(&robust);
    report("consistent again", pthread_mutex_lock(&robust) == 0 && pthread_mutex_unlock(&robust) == 0);
    report("destroyed", pthread_mutex_destroy(&robust) == 0);
}

void across_processes() {
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    struct Both {
        pthread_mutex_t mutex;
        long count;
    };
    void* const memory =
        mmap(nullptr, sizeof(Both), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    auto* const both = static_cast<Both*>(memory);
    pthread_mutex_init(&both->mutex, &attributes);
    pthread_mutex_lock(&plain); // held across fork
    const pid_t child = fork();
    for (int i = 0; i < 20'000; ++i) {
        pthread_mutex_lock(&both->mutex);
        ++both->count;
        pthread_mutex_unlock(&both->mutex);
    }
    pthread_mutex_unlock(&plain);
    if (child == 0) {
        _exit(pthread_mutex_trylock(&plain) == 0 ? 0 : 1);
    }
    int status = 0;
    waitpid(child, &status, 0);
    report("shared with a child", both->count == 40'000 && status == 0);
}

void time_outs() {
    std::condition_variable condition;
    std::unique_lock lock(first_lock);
    report("condition timed out", condition.wait_for(lock, 2ms) == std::cv_status::timeout);
    std::thread([] { report("still locked", !first_lock.try_lock()); }).join();
    std::thread([] {
        timespec end = soon(CLOCK_REALTIME, 2);
        report("mutex timed out", pthread_mutex_timedlock(first_lock.native_handle(), &end) == ETIMEDOUT);
        end = soon(CLOCK_MONOTONIC, 2);
        report("clock lock timed out",
               pthread_mutex_clocklock(first_lock.native_handle(), CLOCK_MONOTONIC, &end) == ETIMEDOUT);
    }).join();
    sem_t empty;
    sem_init(&empty, 0, 0);
    const timespec end = soon(CLOCK_REALTIME, 2);
    errno = 0;
    report("semaphore timed out", sem_timedwait(&empty, &end) == -1 && errno == ETIMEDOUT);
    errno = 7;
    sem_post(&empty);
    report("errno is kept", sem_wait(&empty) == 0 && errno == 7);
    std::array<int, 1> word{1};
    const long result = syscall(SYS_futex, word.data(), 0 /* FUTEX_WAIT */, 2, nullptr, nullptr, 0);
    report("futex", result == -1 && errno == EAGAIN);
}

// Uses the condition variables of programs linked before 2003.
void old_conditions() {
    const auto find = [](const char* name) { return dlvsym(RTLD_DEFAULT, name, "GLIBC_2.2.5"); };
    using Wait = int (*)(void*, pthread_mutex_t*, const timespec*);
    using Init = int (*)(void*, const void*);
    const auto wait = reinterpret_cast<Wait>(find("pthread_cond_timedwait"));
    const auto init = reinterpret_cast<Init>(find("pthread_cond_init"));
    if (wait == nullptr || init == nullptr) {
        report("old condition timed out", true); // this processor has no such programs
        return;
    }
    // Their old size. Writes behind it are an error.
    std::array<void*, 16> old{};
    init(old.data(), nullptr);
    const timespec end = soon(CLOCK_REALTIME, 2);
    pthread_mutex_lock(&plain);
    const int result = wait(old.data(), &plain, &end);
    pthread_mutex_unlock(&plain);
    bool is_untouched = true;
    for (std::size_t word = 6; word < old.size(); ++word) {
        is_untouched = is_untouched && old[word] == nullptr;
    }
    report("old condition timed out", result == ETIMEDOUT && is_untouched);
}

void annotate() {
    ashlar_lock_name(&own_lock, "a lock of its own");
    for (int i = 0; i < 100; ++i) {
        ashlar_lock_acquired(&own_lock, ashlar_lock_no_wait());
        ashlar_lock_released(&own_lock);
    }
    const ashlar_lock_wait wait = ashlar_lock_wait_begins(&own_lock);
    std::this_thread::sleep_for(5ms);
    std::thread([wait] { ashlar_lock_acquired(&own_lock, wait); }).join();
    ashlar_lock_released(&own_lock);
    ashlar_lock_wait_abandoned(&own_lock, ashlar_lock_wait_begins(&own_lock));
}

void harmless() {
    cancel_waits();
    owner_dies();
    across_processes();
    time_outs();
    old_conditions();
}

} // namespace

int main(int count, char** arguments) {
    const std::string what = count > 1 ? arguments[1] : "";
    start();
    if (what == "each") {
        print(take_each());
    } else if (what == "killed") {
        print(take_each());
        raise(SIGKILL);
    } else if (what == "hold") {
        hold_long();
    } else if (what == "patterns") {
        patterns();
    } else if (what == "orders") {
        both_orders();
    } else if (what == "deadlock") {
        deadlock();
    } else if (what == "annotate") {
        annotate();
    } else if (what == "harmless") {
        harmless();
    } else {
        return 2;
    }
    return 0;
}
