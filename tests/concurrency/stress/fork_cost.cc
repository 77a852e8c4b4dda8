// SPDX-License-Identifier: MIT
//
// Forks again and again in a process with thousands of sleeping threads that have used the heap. Shows the
// allocator's cost per thread for a fork and for the end of its child. Prints the milliseconds of each fork,
// up to the end of the child.
//
// usage: fork_cost [--threads N] [--forks N] [--expect-ashlar]
#include "common/arguments.h"
#include "common/heap.h"
#include "common/report.h"
#include "common/thread.h"

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using namespace common;

std::uint64_t expected = 0;
std::atomic<std::uint64_t> arrived{0};

// Uses blocks of many classes, like a server's thread before it waits for work.
void use_heap() {
    std::array<void*, 20> blocks{};
    std::size_t size = 16;
    for (void*& block : blocks) {
        block = heap::allocate_or_fail(size);
        std::memset(block, 1, size);
        size += 40;
    }
    for (void* const block : blocks)
        heap::release(block);
}

void* use_heap_and_sleep(void* unused) {
    use_heap();
    if (arrived.fetch_add(1) + 1 == expected) arrived.notify_all();
    for (;;)
        ::pause();
    return unused;
}

double milliseconds_of_fork() {
    const auto start = std::chrono::steady_clock::now();
    const pid_t child = ::fork();
    if (child < 0) fail("fork: %s", std::strerror(errno));
    if (child == 0) ::_exit(0);
    int status = -1;
    if (::waitpid(child, &status, 0) != child || status != 0) fail("a child ended with status %#x", status);
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

} // namespace

int main(int count, char** values) {
    Arguments arguments(count, values);
    expected = arguments.number("--threads", 1000);
    const std::uint64_t forks = arguments.number("--forks", 20);
    if (arguments.flag("--expect-ashlar")) heap::require_ashlar();
    arguments.refuse_others();

    for (std::uint64_t i = 0; i < expected; i++)
        start_thread(use_heap_and_sleep, nullptr);
    for (std::uint64_t seen = arrived; seen != expected; seen = arrived)
        arrived.wait(seen);
    for (std::uint64_t i = 0; i < forks; i++)
        std::printf("%.3f\n", milliseconds_of_fork());
    std::fflush(stdout);
    ::_exit(0); // the threads still sleep
}
