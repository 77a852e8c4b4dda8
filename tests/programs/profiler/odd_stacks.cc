// SPDX-License-Identifier: MIT
#include "odd_stacks.h"

#include <array>
#include <csignal>
#include <cstdlib>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

extern "C" void undescribed_frames(void (*allocate)(std::size_t), int depth); // undescribed.c

namespace odd_stacks {

namespace {

constexpr std::size_t kSize = 50'000;

class Stack {
  public:
    Stack()
        : memory_(static_cast<char*>(::mmap(nullptr, kAll, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))) {
        if (memory_ == MAP_FAILED || ::mprotect(begin(), kUsable, PROT_READ | PROT_WRITE) != 0) std::abort();
    }
    Stack(const Stack&) = delete;
    Stack& operator=(const Stack&) = delete;
    ~Stack() { ::munmap(memory_, kAll); }

    char* begin() const { return memory_ + kGuard; }
    static constexpr std::size_t size() { return kUsable; }

  private:
    static constexpr std::size_t kGuard = 64 << 10;
    static constexpr std::size_t kUsable = 64 << 10;
    static constexpr std::size_t kAll = kUsable + 2 * kGuard;

    char* memory_;
};

[[gnu::noinline, gnu::noipa]] void descend(Allocate allocate, int depth) {
    if (depth == 0) {
        allocate(kSize);
    } else {
        descend(allocate, depth - 1);
    }
    asm volatile("" : : : "memory"); // prevents a tail call
}

thread_local Allocate handler_allocates = nullptr;

void in_handler(int) {
    descend(handler_allocates, 3);
}

// Uses `current`, because makecontext() passes no pointers.
struct Coroutine {
    Stack stack;
    ucontext_t own{};
    ucontext_t caller{};
    Allocate allocate = nullptr;
    int depth = 0;
    std::uint64_t* random = nullptr;

    void prepare(void (*body)()) {
        if (::getcontext(&own) != 0) std::abort();
        own.uc_stack.ss_sp = stack.begin();
        own.uc_stack.ss_size = Stack::size();
        own.uc_link = &caller;
        ::makecontext(&own, body, 0);
    }
};
thread_local Coroutine* current = nullptr;

void run(Coroutine& coroutine) {
    current = &coroutine;
    ::swapcontext(&coroutine.caller, &coroutine.own);
}

void give_way() {
    Coroutine& self = *current;
    ::swapcontext(&self.own, &self.caller);
}

void coroutine_body() {
    descend(current->allocate, current->depth);
    give_way();
    descend(current->allocate, 1);
}

std::uint64_t next(std::uint64_t& random) {
    random = random * 6364136223846793005U + 1442695040888963407U;
    return random >> 33;
}

std::uintptr_t wrong_address(std::uint64_t& random, const void* here) {
    const auto own = reinterpret_cast<std::uintptr_t>(here);
    const std::array<std::uintptr_t, 9> choice{
        0,
        next(random) % 4096,
        own,
        own - 8 * (next(random) % 64),
        own + 8 * (next(random) % 64) + 1,
        own + Stack::size(),
        0xffff'8000'0000'0000U + next(random),
        reinterpret_cast<std::uintptr_t>(&::swapcontext) + next(random) % 4096,
        reinterpret_cast<std::uintptr_t>(&wrong_address) + next(random) % 64};
    return choice[next(random) % choice.size()];
}

// Never returns: the return address is lost.
[[gnu::noinline, gnu::noipa, gnu::optimize("no-omit-frame-pointer")]] void corrupt_body() {
    Coroutine& self = *current;
    auto** const frame = static_cast<std::uintptr_t**>(__builtin_frame_address(0));
    auto* const words = reinterpret_cast<volatile std::uintptr_t*>(frame);
    for (int word = 0; word < 2; ++word) { // the caller's frame and the return address
        words[word] = wrong_address(*self.random, frame);
    }
    self.allocate(kSize);
    ::swapcontext(&self.own, &self.caller);
    std::abort();
}

} // namespace

void deep(Allocate allocate) {
    descend(allocate, 5000);
}

void alternate(Allocate allocate) {
    const Stack stack;
    stack_t before{};
    stack_t mine{};
    mine.ss_sp = stack.begin();
    mine.ss_size = Stack::size();
    if (::sigaltstack(&mine, &before) != 0) std::abort();
    struct sigaction action {};
    action.sa_handler = in_handler;
    action.sa_flags = SA_ONSTACK;
    ::sigaction(SIGUSR2, &action, nullptr);
    handler_allocates = allocate;
    ::raise(SIGUSR2); // to this thread
    ::sigaltstack(&before, nullptr);
}

void coroutines(Allocate allocate) {
    std::array<Coroutine, 4> all;
    int depth = 1;
    for (Coroutine& each : all) {
        each.allocate = allocate;
        each.depth = depth++;
        each.prepare(coroutine_body);
    }
    for (int turn = 0; turn < 2; ++turn) {
        for (Coroutine& each : all)
            run(each);
    }
}

void corrupt(Allocate allocate, std::uint64_t& random) {
    Coroutine coroutine;
    coroutine.allocate = allocate;
    coroutine.random = &random;
    coroutine.prepare(corrupt_body);
    run(coroutine);
}

void undescribed(Allocate allocate) {
    undescribed_frames(allocate, 5);
}

} // namespace odd_stacks
