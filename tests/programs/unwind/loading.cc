// SPDX-License-Identifier: MIT
//
// Unwinds while libraries are loaded and unloaded and exceptions are thrown, all at once.
//
// * One thread loads a library, calls back through it, unwinds there, and unloads it. The two libraries take
// turns
//   at the same addresses, so what was learnt of one must not be used for the other.
// * One thread unwinds stacks whose words point into those libraries, mapped or not. * One thread throws
// exceptions through many frames. * One thread unwinds its own stack from a timer's signal, at any point.
//
// usage: unwind_loading LIBRARY LIBRARY ROUNDS
#include "observe/unwind.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <dlfcn.h>
#include <string>
#include <sys/syscall.h>
#include <thread>
#include <ucontext.h>
#include <unistd.h>
#include <vector>

namespace {

using ashlar::observe::unwind;
using ashlar::observe::unwind_from;

constexpr unsigned kMost = 64;

[[noreturn]] void fail(const std::string& what) {
    std::fprintf(stderr, "FAILED: %s\n", what.c_str());
    std::abort();
}

std::atomic<bool> done{false};
std::atomic<std::uintptr_t> last_place{0}; // an address in a library, loaded or not
std::atomic<std::uint64_t> walks{0};

// ---- Loading

struct Trace {
    std::array<std::uintptr_t, kMost> addresses;
    unsigned count;
};

[[gnu::noinline]] void take(void* trace) {
    auto* const taken = static_cast<Trace*>(trace);
    taken->count = unwind(taken->addresses.data(), kMost, 0);
}

using Call = void (*)(void (*)(void*), void*);

void load_and_unload(const std::array<std::string, 2>& libraries, unsigned rounds) {
    Trace outside{};
    take(&outside);
    for (unsigned round = 0; round < rounds; ++round) {
        void* const handle = ::dlopen(libraries[round % 2].c_str(), RTLD_NOW | RTLD_LOCAL);
        if (handle == nullptr) fail(::dlerror());
        const auto call = reinterpret_cast<Call>(::dlsym(handle, "ashlar_test_plugin_call"));
        const auto place = reinterpret_cast<std::uintptr_t>(call);
        last_place.store(place);
        Trace inside{};
        call(take, &inside);
        const auto* const begin = inside.addresses.begin();
        const auto* const end = begin + inside.count;
        if (std::none_of(begin, end, [place](std::uintptr_t address) { return address - place < 256; })) {
            fail("the library's frame is missing in round " + std::to_string(round));
        }
        // Inside, take() and the library are two further frames, and this function's own address differs. The
        // rest is equal.
        if (inside.count != outside.count + 1 || !std::equal(begin + 3, end, outside.addresses.begin() + 2)) {
            fail("the callers are others in round " + std::to_string(round));
        }
        ::dlclose(handle);
    }
}

// ---- Forged stacks

void unwind_forged() {
    alignas(16) std::array<std::uintptr_t, 256> stack{};
    Trace trace{};
    std::uint64_t number = 1;
    while (!done.load(std::memory_order_relaxed)) {
        const std::uintptr_t place = last_place.load();
        for (auto& word : stack) {
            number = number * 6364136223846793005U + 1442695040888963407U;
            word = number >> 63 != 0
                       ? place + (number >> 40) % 128
                       : reinterpret_cast<std::uintptr_t>(stack.data()) + (number >> 40) % 256 * 8;
        }
        ucontext_t context{};
        context.uc_mcontext.gregs[REG_RIP] = static_cast<greg_t>(place + (number >> 50) % 128);
        context.uc_mcontext.gregs[REG_RSP] = reinterpret_cast<greg_t>(stack.data());
        context.uc_mcontext.gregs[REG_RBP] = reinterpret_cast<greg_t>(stack.data() + 4);
        trace.count = unwind_from(&context, trace.addresses.data(), kMost);
        walks.fetch_add(1, std::memory_order_relaxed);
    }
}

// ---- Exceptions

[[gnu::noinline]] void throw_from(unsigned depth) { // NOLINT(misc-no-recursion)
    if (depth == 0) throw std::string("thrown");
    throw_from(depth - 1);
    asm volatile("" : : : "memory");
}

void throw_exceptions() {
    while (!done.load(std::memory_order_relaxed)) {
        try {
            throw_from(20);
        } catch (const std::string&) {
        }
    }
}

// ---- Signals

void unwind_in_handler(int /*signal*/, siginfo_t* /*information*/, void* context) {
    std::array<std::uintptr_t, kMost> addresses;
    unwind_from(context, addresses.data(), kMost);
    unwind(addresses.data(), kMost, 0);
    walks.fetch_add(1, std::memory_order_relaxed);
}

void interrupt_others(const std::vector<pid_t>& threads) {
    while (!done.load(std::memory_order_relaxed)) {
        for (const pid_t thread : threads)
            ::syscall(SYS_tgkill, ::getpid(), thread, SIGUSR1);
        std::this_thread::yield();
    }
}

// Runs `work` in a thread, and names the thread.
template <typename Work>
std::thread start(std::atomic<pid_t>& id, Work work) {
    std::thread thread([&id, work] {
        id.store(static_cast<pid_t>(::syscall(SYS_gettid)));
        id.notify_one();
        work();
    });
    id.wait(0);
    return thread;
}

} // namespace

int main(int count, char** values) {
    if (count != 4) return 2;
    const std::array<std::string, 2> libraries{values[1], values[2]};
    const auto rounds = static_cast<unsigned>(std::strtoul(values[3], nullptr, 10));
    struct sigaction action {};
    action.sa_sigaction = unwind_in_handler;
    action.sa_flags = SA_SIGINFO | SA_RESTART;
    ::sigaction(SIGUSR1, &action, nullptr);

    std::array<std::atomic<pid_t>, 3> ids{};
    std::vector<std::thread> threads;
    threads.push_back(start(ids[0], throw_exceptions));
    threads.push_back(start(ids[1], unwind_forged));
    const std::vector<pid_t> interrupted{ids[0].load(), ids[1].load(), static_cast<pid_t>(::getpid())};
    threads.emplace_back(interrupt_others, interrupted);
    load_and_unload(libraries, rounds);
    done.store(true);
    for (std::thread& thread : threads)
        thread.join();
    std::printf("%u libraries loaded and unloaded, %llu walks beside it\n", rounds,
                static_cast<unsigned long long>(walks.load()));
    return 0;
}
