// SPDX-License-Identifier: MIT
//
// Thousands of live threads with one small block each: the allocator's cost per thread. Prints RSS with all
// of them alive, and after they have ended.
//
// usage: live_threads [--threads N] [--expect-ashlar]
#include "common/arguments.h"
#include "common/heap.h"
#include "common/report.h"
#include "common/resident.h"
#include "common/thread.h"

#include <atomic>
#include <cstdint>
#include <cstring>
#include <vector>

namespace {

using namespace common;

std::uint64_t expected = 0;
std::atomic<std::uint64_t> arrived{0};
std::atomic<bool> released{false};

void* hold(void*) {
    void* block = heap::allocate_or_fail(64);
    std::memset(block, 1, 64);
    if (arrived.fetch_add(1) + 1 == expected) arrived.notify_all();
    released.wait(false);
    heap::release(block);
    return nullptr;
}

} // namespace

int main(int count, char** values) {
    Arguments arguments(count, values);
    expected = arguments.number("--threads", 10000);
    if (arguments.flag("--expect-ashlar")) heap::require_ashlar();
    arguments.refuse_others();

    std::vector<pthread_t> threads;
    threads.reserve(expected);
    const std::size_t before = resident_kib();
    for (std::uint64_t i = 0; i < expected; i++)
        threads.push_back(start_thread(hold, nullptr));
    for (std::uint64_t seen = arrived; seen != expected; seen = arrived)
        arrived.wait(seen);
    const std::size_t live = resident_kib();
    released = true;
    released.notify_all();
    for (const pthread_t thread : threads)
        join_thread(thread);
    std::printf("threads %llu before %zu live %zu after %zu KiB\n", static_cast<unsigned long long>(expected),
                before, live, resident_kib());
}
