// SPDX-License-Identifier: MIT
//
// Preloaded under a benchmark program, passes its calls to the system's malloc and reports them at the end.
// The report has their numbers, and a sum of the sizes that does not depend on the order of threads.
//
// With FAULT set to "realloc" or "malloc", each thread commits once the fault that --verify must find. Either
// realloc returns a block with a changed byte, or malloc returns the same block as last time.
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <unistd.h>

namespace {

constexpr std::uint64_t kCallsBeforeFault = 100;

std::atomic<std::uint64_t> mallocs;
std::atomic<std::uint64_t> reallocs;
std::atomic<std::uint64_t> frees;
std::atomic<std::uint64_t> sizes;

// The last block that malloc returned to this thread; null if it was released here.
thread_local void* last_block = nullptr;
thread_local std::size_t last_size = 0;

template <typename Function>
Function* next(const char* name) {
    return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name)); // calls no malloc on success
}

void record(std::atomic<std::uint64_t>& calls, std::size_t size) {
    ++calls;
    const std::uint64_t mixed = (size + 1) * 0x9E3779B97F4A7C15U;
    sizes += (mixed ^ (mixed >> 32)) * 0xBF58476D1CE4E5B9U;
}

// Returns whether to commit the fault now, if possible. Counts the thread's calls until the fault.
bool fault_due(const char* function, std::uint64_t& calls, bool possible) {
    const char* const wanted = std::getenv("FAULT");
    if (wanted == nullptr || std::strcmp(wanted, function) != 0 || calls > kCallsBeforeFault) {
        return false;
    }
    calls += calls < kCallsBeforeFault || possible ? 1 : 0;
    return calls > kCallsBeforeFault;
}

struct Report {
    ~Report() {
        char text[128];
        const int length =
            std::snprintf(text, sizeof text, "%llu mallocs %llu reallocs %llu frees %llx\n",
                          static_cast<unsigned long long>(mallocs), static_cast<unsigned long long>(reallocs),
                          static_cast<unsigned long long>(frees), static_cast<unsigned long long>(sizes));
        if (write(STDERR_FILENO, text, static_cast<std::size_t>(length)) != length) {
            _exit(1);
        }
    }
} report;

} // namespace

extern "C" void* malloc(std::size_t size) {
    static auto* const real = next<void*(std::size_t)>("malloc");
    thread_local std::uint64_t calls = 0;
    record(mallocs, size);
    if (!fault_due("malloc", calls, last_block != nullptr && last_size >= size)) {
        last_block = real(size);
        last_size = size;
    }
    return last_block;
}

extern "C" void* realloc(void* block, std::size_t size) {
    static auto* const real = next<void*(void*, std::size_t)>("realloc");
    thread_local std::uint64_t calls = 0;
    record(reallocs, size);
    auto* const result = static_cast<unsigned char*>(real(block, size));
    if (fault_due("realloc", calls, true)) {
        ++result[0];
    }
    return result;
}

extern "C" void free(void* block) {
    static auto* const real = next<void(void*)>("free");
    if (block != nullptr) {
        ++frees;
    }
    if (block == last_block) {
        last_block = nullptr;
    }
    real(block);
}
