// SPDX-License-Identifier: MIT
//
// A process whose threads allocate all the time forks again and again. Each child allocates at once, checks
// and frees its inherited blocks, starts a thread that does the same, sometimes forks in turn, and exits. An
// alarm ends a child or parent that blocks.
//
// usage: fork_storm [--forks N] [--workers N] [--forkers N] [--limit SECONDS] [--seed N] [--expect-ashlar]
#include "common/arguments.h"
#include "common/build_kind.h"
#include "common/child.h"
#include "common/heap.h"
#include "common/random.h"
#include "common/report.h"
#include "common/stamp.h"
#include "common/thread.h"

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <latch>
#include <optional>
#include <random>
#include <unistd.h>
#include <vector>

namespace {

using namespace common;

struct Block {
    void* address = nullptr;
    std::size_t size = 0;
    std::uint64_t key = 0;
};
using Blocks = std::array<Block, 300>;

std::atomic<bool> stopping{false};
unsigned limit_seconds = 60;
std::uint64_t forks_each = 0;

// Lets all threads begin together. Starting and naming a thread allocates from the sanitizer's own malloc,
// whose locks fork does not reset.
std::optional<std::latch> all_started;

extern "C" void on_alarm(int) {
    constexpr char kText[] = "FAILED: fork_storm: blocked until the alarm\n";
    [[maybe_unused]] const ssize_t ignored = write(STDERR_FILENO, kText, sizeof kText - 1);
    _exit(124);
}

// Above the size classes the sanitizer's own malloc serves requests too.
constexpr std::size_t kLargest = kSanitized ? 16384 : 65536;

Block make(Random& random) {
    Block block;
    block.size = random.below(random.chance(95) ? 1024 : kLargest);
    block.address = heap::allocate_or_fail(block.size);
    block.key = random.next();
    stamp(block.address, block.size, block.key);
    return block;
}

void unmake(const Block& block, const char* when) {
    require_stamp(block.address, block.size, block.key, when);
    heap::release(block.address);
}

// Replaces `replacements` blocks by new ones.
void churn(Blocks& blocks, Random& random, std::size_t replacements) {
    for (std::size_t i = 0; i < replacements; i++) {
        Block& block = blocks[random.below(blocks.size())];
        if (block.address != nullptr) unmake(block, "churn");
        block = make(random);
    }
}

void* work(void* argument) {
    current_thread = static_cast<unsigned>(reinterpret_cast<std::uintptr_t>(argument));
    Random random(run_seed * 1000003 + current_thread);
    Blocks blocks;
    all_started->arrive_and_wait();
    while (!stopping.load(std::memory_order_relaxed))
        churn(blocks, random, 100);
    for (const Block& block : blocks) {
        if (block.address != nullptr) unmake(block, "at the end");
    }
    return nullptr;
}

struct Inheritance {
    Blocks* blocks;
    Random* random;
};

void* work_in_child(void* argument) {
    auto& [blocks, random] = *static_cast<Inheritance*>(argument);
    churn(*blocks, *random, 500);
    return nullptr;
}

[[noreturn]] void live_as_child(Blocks& blocks, Random& random, std::uint64_t generation) {
    alarm(limit_seconds); // not inherited
    churn(blocks, random, 50);
    Inheritance inheritance{&blocks, &random};
    join_thread(start_thread(work_in_child, &inheritance));
    if (generation % 8 == 1) {
        const pid_t grandchild = fork();
        if (grandchild < 0) fail("fork in a child: %s", std::strerror(errno));
        if (grandchild == 0) live_as_child(blocks, random, 0);
        require_success(grandchild);
    }
    for (const Block& block : blocks) {
        if (block.address != nullptr) unmake(block, "inherited");
    }
    // exit() runs the allocator's code for the end of a process. Sanitizers run too much code of their own
    // there.
    if (generation % 2 == 0 && !kSanitized) std::exit(0);
    _exit(0);
}

void* fork_again_and_again(void* argument) {
    current_thread = static_cast<unsigned>(reinterpret_cast<std::uintptr_t>(argument));
    Random random(run_seed * 1000003 + current_thread);
    Blocks blocks;
    all_started->arrive_and_wait();
    for (current_step = 0; current_step < forks_each; current_step++) {
        alarm(limit_seconds); // the parent's alarm, set again for each fork
        churn(blocks, random, 50);
        const pid_t child = fork();
        if (child < 0) fail("fork: %s", std::strerror(errno));
        if (child == 0) live_as_child(blocks, random, current_step);
        require_success(child);
    }
    for (const Block& block : blocks) {
        if (block.address != nullptr) unmake(block, "at the end");
    }
    return nullptr;
}

} // namespace

int main(int count, char** values) {
    Arguments arguments(count, values);
    const std::uint64_t forks = arguments.number("--forks", scaled(200));
    const std::uint64_t workers = arguments.number("--workers", 3);
    const std::uint64_t forkers = arguments.number("--forkers", 1);
    limit_seconds = static_cast<unsigned>(arguments.number("--limit", 60));
    run_seed = arguments.number("--seed", std::random_device()());
    if (arguments.flag("--expect-ashlar")) heap::require_ashlar();
    arguments.refuse_others();
    if (kThreadSanitizer) {
        std::puts("fork_storm: skipped: ThreadSanitizer ends a child of a multithreaded process that starts "
                  "a thread");
        return kSkipped;
    }
    std::printf("fork_storm: %llu forks, seed %llu\n", static_cast<unsigned long long>(forks),
                static_cast<unsigned long long>(run_seed));
    std::fflush(stdout); // otherwise exiting children print it again

    std::signal(SIGALRM, on_alarm);
    forks_each = (forks + forkers - 1) / forkers;
    all_started.emplace(static_cast<std::ptrdiff_t>(workers + forkers + 1));
    std::vector<pthread_t> working, forking;
    std::uintptr_t number = 1;
    for (std::uint64_t i = 0; i < workers; i++) {
        working.push_back(start_thread(work, reinterpret_cast<void*>(number++)));
    }
    for (std::uint64_t i = 0; i < forkers; i++) {
        forking.push_back(start_thread(fork_again_and_again, reinterpret_cast<void*>(number++)));
    }
    all_started->arrive_and_wait();
    for (const pthread_t thread : forking)
        join_thread(thread);
    alarm(limit_seconds);
    stopping.store(true);
    for (const pthread_t thread : working)
        join_thread(thread);
}
