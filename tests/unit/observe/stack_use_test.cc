// SPDX-License-Identifier: MIT
//
// Measures the stack that malloc needs to take a sample and unwind. A thread paints its stack, allocates, and
// finds the lowest overwritten byte. `unit_tests -s "stack use*"` prints the need of each part.
#include "../support/build_kind.h"
#include "../support/child.h"
#include "../support/folder.h"
#include "heap/sampling.h"
#include "observe/outside_request.h"
#include "observe/profiler.h"

#include <ashlar/ashlar.h>

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <pthread.h>
#include <sys/mman.h>
#include <vector>

#if defined(__x86_64__) && defined(__OPTIMIZE__)

namespace {

using namespace ashlar; // NOLINT(google-build-using-namespace): the layers under test

constexpr std::size_t kPainted = std::size_t{32} << 10;
constexpr std::size_t kMost = 2048; // bytes that malloc may need
constexpr unsigned char kColour = 0xa5;

using Call = void* (*)(std::size_t size);

// Returns the bytes of stack that the call needs below its caller's frame. The painted part ends some bytes
// below this function's frame, where calls of memset may write.
[[gnu::noinline]] std::size_t depth_of(Call call, std::size_t size) {
    auto* const here = static_cast<unsigned char*>(__builtin_frame_address(0));
    constexpr std::size_t kOwn = 256;
    auto* const low = here - kOwn - kPainted;
    for (std::size_t i = 0; i < kPainted; ++i)
        *const_cast<volatile unsigned char*>(low + i) = kColour;
    unsigned char* before = nullptr;
    asm volatile("mov %%rsp, %0" : "=r"(before));
    void* const block = call(size);
    asm volatile("" : : "r"(block) : "memory");
    std::size_t untouched = 0;
    while (untouched < kPainted && *const_cast<volatile unsigned char*>(low + untouched) == kColour)
        ++untouched;
    ashlar_free(block);
    REQUIRE(before > low + untouched);
    return static_cast<std::size_t>(before - (low + untouched));
}

// Runs `action` in a thread with all signals blocked. A handler would run on the painted stack.
template <typename Action>
void in_quiet_thread(Action action) {
    sigset_t all;
    sigset_t others;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &others);
    pthread_t thread{};
    REQUIRE(::pthread_create(
                &thread, nullptr,
                [](void* context) -> void* {
                    (*static_cast<Action*>(context))();
                    return nullptr;
                },
                &action) == 0);
    ::pthread_join(thread, nullptr);
    ::pthread_sigmask(SIG_SETMASK, &others, nullptr);
}

// Functions without cached unwind rules.
template <int kNumber>
[[gnu::noinline, gnu::noipa]] void* through_new_function(std::size_t size) {
    void* block = ashlar_malloc(size);
    asm volatile("" : "+r"(block));
    return block;
}
template <int... kNumbers>
constexpr std::array<Call, sizeof...(kNumbers)>
new_functions(std::integer_sequence<int, kNumbers...> /*all*/) {
    return {through_new_function<kNumbers>...};
}
constexpr auto kNewFunctions = new_functions(std::make_integer_sequence<int, 32>());

// push %rbp; mov %rsp, %rbp; call *%rsi; pop %rbp; ret. No file contains this code.
constexpr std::array<unsigned char, 8> kTrampoline{0x55, 0x48, 0x89, 0xe5, 0xff, 0xd6, 0x5d, 0xc3};
unsigned char* made_code = nullptr;
void* through_made_code(std::size_t size) {
    using Code = void* (*)(std::size_t, Call);
    return reinterpret_cast<Code>(made_code)(size, [](std::size_t bytes) { return ashlar_malloc(bytes); });
}

struct Use {
    const char* what;
    std::size_t bytes;
};

void require_little(const std::vector<Use>& uses) {
    for (const Use& use : uses) {
        std::printf("%s: %zu bytes\n", use.what, use.bytes);
        INFO(use.what << ": " << use.bytes << " bytes of stack");
        REQUIRE(use.bytes < kMost);
        REQUIRE(use.bytes > 300); // the call was sampled
    }
}

UNIT_TEST_CASE_IN_CHILD("stack use: malloc with unwinding needs less than 2 KiB", "profile_cost:0") {
    UNIT_SKIP_IF(unit::kSanitizer, "frames are longer there");
    const unit::Folder folder;
    REQUIRE(ashlar_profile_start(1, folder.path().c_str()) == 0);
    ashlar_free(ashlar_malloc(100)); // makes the dynamic loader bind the called functions
    std::vector<Use> uses;
    uses.reserve(64);
    in_quiet_thread([&uses] { uses.push_back({"a thread's first sample", depth_of(ashlar_malloc, 100)}); });
    in_quiet_thread([&uses] {
        depth_of(ashlar_malloc, 100);
        uses.push_back({"a stack that is known", depth_of(ashlar_malloc, 100)});
        uses.push_back({"a large block", depth_of(ashlar_malloc, 100'000)});
        std::size_t deepest = 0;
        for (const Call call : kNewFunctions)
            deepest = std::max(deepest, depth_of(call, 100));
        uses.push_back({"a function that is new", deepest});
        uses.push_back({"calloc", depth_of([](std::size_t size) { return ashlar_calloc(1, size); }, 100)});
        uses.push_back({"aligned_alloc",
                        depth_of([](std::size_t size) { return ashlar_aligned_alloc(256, size); }, 100)});
    });
    require_little(uses);
}

// Each call uses a new page of code until the mappings are read again. That happens at most every 10 ms.
UNIT_TEST_CASE_IN_CHILD("stack use: so it does where it reads the mappings", "profile_cost:0") {
    UNIT_SKIP_IF(unit::kSanitizer, "frames are longer there");
    const unit::Folder folder;
    REQUIRE(ashlar_profile_start(1, folder.path().c_str()) == 0);
    ashlar_free(ashlar_malloc(100));
    std::size_t deepest = 0;
    in_quiet_thread([&deepest] {
        for (int i = 0; i < 2000; ++i) {
            constexpr std::size_t kPage = 4096;
            void* const page = ::mmap(nullptr, kPage, PROT_READ | PROT_WRITE | PROT_EXEC,
                                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
            REQUIRE(page != MAP_FAILED);
            made_code = static_cast<unsigned char*>(page);
            std::memcpy(made_code, kTrampoline.data(), kTrampoline.size());
            deepest = std::max(deepest, depth_of(through_made_code, 100));
        }
    });
    require_little({{"reading the mappings", deepest}});
}

// malloc serves a request from outside: it creates the file and reads the mappings.
UNIT_TEST_CASE_IN_CHILD("stack use: so it does where it begins a recording", unit::kDefaultHeap) {
    UNIT_SKIP_IF(unit::kSanitizer, "frames are longer there");
    const unit::Folder folder;
    auto& outside = observe::profiler::outside;
    ashlar_free(ashlar_malloc(100));
    std::size_t deepest = 0;
    for (std::uint32_t number = 1; number <= 3; ++number) { // lazy binding affects the first
        outside.request.rate = 1;
        std::strncpy(outside.request.place, folder.path().c_str(), sizeof(outside.request.place) - 1);
        __atomic_store_n(&outside.request.number, number, __ATOMIC_RELEASE);
        heap::sampling::control.store(heap::sampling::kRecord);
        deepest = 0;
        in_quiet_thread([&deepest] { deepest = depth_of(ashlar_malloc, 100); });
        REQUIRE(outside.last_answer.number == number);
    }
    require_little({{"beginning a recording", deepest}});
    deepest = 0;
    heap::sampling::control.store(heap::sampling::kRecord | heap::sampling::kDumpToo);
    in_quiet_thread([&deepest] { deepest = depth_of(ashlar_malloc, 100); });
    require_little({{"a dump", deepest}});
}

} // namespace

#endif
