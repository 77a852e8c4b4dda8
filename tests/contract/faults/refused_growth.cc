// SPDX-License-Identifier: MIT
//
// The system gives the heap no more memory while the fallback has plenty. The heap must not ask again for
// each block, and must grow again soon after memory is available.
#include "common/heap.h"
#include "common/report.h"

#include <cerrno>
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <initializer_list>
#include <sys/syscall.h>

namespace {

using common::fail;
namespace heap = common::heap;

// Plain variables, because the test has one thread.
constinit bool refusing = false;
constinit std::uint64_t refused = 0;
constinit std::uint64_t calls = 0;

constexpr unsigned kBlocks = 100'000;

struct Held {
    Held* next;
};
constinit Held* held = nullptr;

void hold_one(std::size_t size) {
    auto* const block = static_cast<Held*>(heap::allocate_or_fail(size));
    block->next = held;
    held = block;
}

void release_all() {
    while (held != nullptr) {
        Held* const next = held->next;
        heap::release(held);
        held = next;
    }
}

void fallback_serves() {
    constexpr std::size_t kSize = 48;
    hold_one(kSize);
    refusing = true;
    refused = 0;
    while (refused == 0)
        hold_one(kSize);
    calls = 0;
    for (unsigned i = 0; i < kBlocks; ++i)
        hold_one(kSize);
    const std::uint64_t in_vain = calls;
    std::printf("%" PRIu64 " system calls for %u blocks that the fallback gave\n", in_vain, kBlocks);
    if (in_vain > kBlocks / 20) fail("the heap asks for memory in vain again and again");

    refusing = false;
    const std::size_t before = heap::statistics().committed;
    unsigned wait = 0;
    while (heap::statistics().committed == before && wait < kBlocks) {
        hold_one(kSize);
        ++wait;
    }
    std::printf("the heap grew after %u blocks\n", wait);
    if (wait == kBlocks) fail("the heap never grows again");
    release_all();
}

// Frees large blocks, then takes small ones, which need more metadata. The system refuses it.
void heap_serves_smaller_blocks() {
    constexpr std::size_t kLarger = 60'000;
    constexpr std::size_t kHeap = std::size_t{64} << 20;
    for (std::size_t size = 0; size < kHeap; size += kLarger)
        hold_one(kLarger);
    release_all();
    for (const std::size_t size : {16, 48, 1000}) {
        refusing = true;
        calls = 0;
        unsigned owned = 0;
        for (unsigned i = 0; i < kHeap / 2 / size; ++i) {
            hold_one(size);
            owned += static_cast<unsigned>(heap::owns(held));
        }
        const std::uint64_t made = calls;
        refusing = false;
        std::printf("%u of %zu blocks of %zu bytes are the heap's, %" PRIu64 " system calls\n", owned,
                    kHeap / 2 / size, size, made);
        if (owned < kHeap / 2 / size) fail("the heap has free memory and does not use it");
        if (made > 2000) fail("the heap asks for memory in vain again and again");
        release_all();
    }
}

} // namespace

extern "C" {

long __real_ashlar_system_call(long number, long a, long b, long c, long d, long e, long f);

long __wrap_ashlar_system_call(long number, long a, long b, long c, long d, long e, long f) {
    ++calls;
    if (refusing && number == SYS_mmap) {
        ++refused;
        return -ENOMEM;
    }
    return __real_ashlar_system_call(number, a, b, c, d, e, f);
}

} // extern "C"

int main() {
    fallback_serves();
    heap_serves_smaller_blocks();
    return 0;
}
