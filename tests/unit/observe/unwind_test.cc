// SPDX-License-Identifier: MIT
#include "../support/build_kind.h"
#include "../support/child.h"
#include "../support/forbid_call.h"
#include "../support/random.h"
#include "observe/unwind.h"
#include "observe/unwind_rules.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <catch2/catch.hpp>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <execinfo.h>
#include <pthread.h>
#include <span>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <thread>
#include <ucontext.h>
#include <unistd.h>
#include <vector>

#if defined(__x86_64__)

namespace {

using namespace ashlar;

constexpr unsigned kMost = 128;

struct Trace {
    std::array<std::uintptr_t, kMost> addresses{};
    unsigned count = 0;

    std::vector<std::uintptr_t> all() const { return {addresses.begin(), addresses.begin() + count}; }
    bool has(std::uintptr_t address) const {
        const auto end = addresses.begin() + count;
        return std::find(addresses.begin(), end, address) != end;
    }
    // Returns whether an address lies within `size` bytes of the start of the function.
    template <typename Function>
    bool passes(Function* function, std::size_t size = 512) const {
        const auto begin = reinterpret_cast<std::uintptr_t>(function);
        return std::any_of(addresses.begin(), addresses.begin() + count,
                           [&](std::uintptr_t address) { return address - begin < size; });
    }
};

#define UNWIND_TEST_FUNCTION [[gnu::noinline, gnu::noipa]]

void take(Trace& trace, unsigned skip = 0) {
    trace.count = observe::unwind(trace.addresses.data(), kMost, skip);
}

// ---- Comparison with libgcc's unwinder
// ------------------------------------------------------------------------

struct Pair {
    Trace own;
    std::array<void*, kMost> libgcc{};
    int libgcc_count = 0;
};

Pair* comparing = nullptr;

// Takes both traces in one frame, so they differ only in the first address, in this function.
UNWIND_TEST_FUNCTION void take_both(Pair& pair) {
    take(pair.own);
    pair.libgcc_count = ::backtrace(pair.libgcc.data(), kMost);
    asm volatile("" : : : "memory"); // no tail call
}

// Compares from the outermost frame inwards. The innermost may be take(), or a sanitizer's backtrace().
void require_equal(const Pair& pair) {
    const auto own = pair.own.all();
    const std::vector<void*> libgcc(pair.libgcc.begin(), pair.libgcc.begin() + pair.libgcc_count);
    REQUIRE(libgcc.size() > 2);
    REQUIRE(std::max(own.size(), libgcc.size()) - std::min(own.size(), libgcc.size()) <= 1);
    for (std::size_t i = 1; i + 2 <= std::min(own.size(), libgcc.size()); ++i)
        REQUIRE(own[own.size() - i] == reinterpret_cast<std::uintptr_t>(libgcc[libgcc.size() - i]));
}

int compare_and_take(const void* a, const void* b) {
    if (comparing->libgcc_count == 0) take_both(*comparing);
    return *static_cast<const int*>(a) - *static_cast<const int*>(b);
}

} // namespace

TEST_CASE("a stack is what libgcc says it is") {
    Pair pair;
    take_both(pair);
    require_equal(pair);
}

TEST_CASE("a stack through the C library is what libgcc says it is") {
    Pair pair;
    comparing = &pair;
    std::array<int, 3> numbers{3, 1, 2};
    std::qsort(numbers.data(), numbers.size(), sizeof numbers[0], compare_and_take);
    require_equal(pair);
}

TEST_CASE("a thread's stack is what libgcc says it is, and ends") {
    Pair pair;
    std::thread([&] { take_both(pair); }).join();
    require_equal(pair);
    REQUIRE(pair.own.count < kMost);
}

TEST_CASE("the innermost frames can be left out, and no more is given than was asked for") {
    Trace all;
    Trace fewer;
    for (Trace* trace : {&all, &fewer})
        trace->count = observe::unwind(trace->addresses.data(), kMost, trace == &all ? 0 : 2);
    REQUIRE(all.count > 3);
    REQUIRE(fewer.count == all.count - 2);
    for (unsigned i = 0; i < fewer.count; ++i)
        REQUIRE(fewer.addresses[i] == all.addresses[i + 2]);
    std::array<std::uintptr_t, 3> few{7, 7, 7};
    REQUIRE(observe::unwind(few.data(), 2, 0) == 2);
    REQUIRE(few[2] == 7);
    REQUIRE(observe::unwind(few.data(), 0, 0) == 0);
    REQUIRE(observe::unwind(few.data(), 3, 1000) == 0);
}

// ---- Shapes of frames -------------------------------------------------------------------------------------

namespace {

UNWIND_TEST_FUNCTION void recurse(unsigned depth, std::vector<std::uintptr_t>& addresses, unsigned& count) {
    if (depth == 0) {
        count = observe::unwind(addresses.data(), static_cast<unsigned>(addresses.size()), 0);
    } else {
        recurse(depth - 1, addresses, count);
    }
    asm volatile("" : : : "memory");
}

// Only rbp gives the frame's end.
UNWIND_TEST_FUNCTION void with_variable_array(std::size_t size, Trace& trace) {
    auto* array = static_cast<volatile char*>(__builtin_alloca(size));
    asm volatile("" : : "r"(array) : "memory");
    take(trace);
    asm volatile("" : : "r"(array + size) : "memory");
}

// Memory holds the address of the frame's end.
UNWIND_TEST_FUNCTION void with_aligned_stack(std::size_t size, Trace& trace) {
    alignas(128) std::array<char, 128> aligned;
    auto* array = static_cast<volatile char*>(__builtin_alloca(size));
    asm volatile("" : : "r"(array), "r"(aligned.data()) : "memory");
    take(trace);
    asm volatile("" : : "r"(array), "r"(aligned.data()) : "memory");
}

UNWIND_TEST_FUNCTION void calls_shapes(Trace& trace, void (*shape)(std::size_t, Trace&)) {
    shape(100, trace);
    asm volatile("" : : : "memory");
}

// Only rbx gives this frame, as in the loader's code for lazy binding. The called function saves rbx.
extern "C" void ashlar_test_frame_by_rbx(void (*function)(void*), void* argument);
asm(R"(
    .pushsection .text
    .globl ashlar_test_frame_by_rbx
    .type ashlar_test_frame_by_rbx, @function
ashlar_test_frame_by_rbx:
    .cfi_startproc
    push %rbx
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset %rbx, 0
    mov %rsp, %rbx
    .cfi_def_cfa_register %rbx
    mov %rdi, %rax
    mov %rsi, %rdi
    and $-64, %rsp
    call *%rax
    mov %rbx, %rsp
    .cfi_def_cfa_register %rsp
    pop %rbx
    .cfi_adjust_cfa_offset -8
    .cfi_restore %rbx
    ret
    .cfi_endproc
    .size ashlar_test_frame_by_rbx, . - ashlar_test_frame_by_rbx
    .popsection
)");

// Code without unwind information but with a frame pointer, as from just-in-time compilers.
extern "C" void ashlar_test_no_description(void (*function)(void*), void* argument);
asm(R"(
    .pushsection .text
    .globl ashlar_test_no_description
    .type ashlar_test_no_description, @function
ashlar_test_no_description:
    push %rbp
    mov %rsp, %rbp
    mov %rdi, %rax
    mov %rsi, %rdi
    call *%rax
    pop %rbp
    ret
    .size ashlar_test_no_description, . - ashlar_test_no_description
    .popsection
)");

// Changes rbx, and therefore saves it.
UNWIND_TEST_FUNCTION void take_with_other_rbx(void* trace) {
    register std::uintptr_t other asm("rbx") = 0x123456;
    asm volatile("" : "+r"(other));
    take(*static_cast<Trace*>(trace));
    asm volatile("" : "+r"(other));
}

} // namespace

TEST_CASE("a deep recursion is followed to its end") {
    std::vector<std::uintptr_t> addresses(20000);
    for (const unsigned depth : {10U, 1000U, 10000U}) {
        unsigned count = 0;
        recurse(depth, addresses, count);
        REQUIRE(count > depth);
        REQUIRE(count < depth + 100);
        // All calls but the innermost have one return address.
        REQUIRE(std::count(addresses.begin(), addresses.begin() + count, addresses[2]) >=
                std::ptrdiff_t{depth} - 1);
    }
}

TEST_CASE("frames with alloca and with an aligned stack are followed") {
    for (auto* shape : {with_variable_array, with_aligned_stack}) {
        Trace trace;
        calls_shapes(trace, shape);
        REQUIRE(trace.passes(shape));
        REQUIRE(trace.passes(calls_shapes));
        REQUIRE(trace.count > 4);
    }
}

TEST_CASE("a frame that is found by a register that a callee saved is followed") {
    Trace trace;
    ashlar_test_frame_by_rbx(take_with_other_rbx, &trace);
    REQUIRE(trace.passes(take_with_other_rbx));
    REQUIRE(trace.passes(ashlar_test_frame_by_rbx));
    REQUIRE(trace.count > 4);
}

TEST_CASE("code without a description is followed by its frame pointer") {
    Trace trace;
    ashlar_test_no_description(take_with_other_rbx, &trace);
    REQUIRE(trace.passes(ashlar_test_no_description));
    REQUIRE(trace.count > 4);
}

// ---- Signals ----------------------------------------------------------------------------------------------

namespace {

Trace handler_trace;
Trace context_trace;

void take_in_handler(int /*signal*/, siginfo_t* /*information*/, void* context) {
    take(handler_trace);
    context_trace.count = observe::unwind_from(context, context_trace.addresses.data(), kMost);
}

class Handler {
  public:
    Handler(int signal, void (*function)(int, siginfo_t*, void*), int flags) : signal_(signal) {
        struct sigaction action {};
        action.sa_sigaction = function;
        action.sa_flags = SA_SIGINFO | flags;
        REQUIRE(::sigaction(signal, &action, &before_) == 0);
    }
    Handler(const Handler&) = delete;
    Handler& operator=(const Handler&) = delete;
    ~Handler() { ::sigaction(signal_, &before_, nullptr); }

  private:
    int signal_;
    struct sigaction before_ {};
};

class AlternateStack {
  public:
    AlternateStack() : memory_(64 << 10) {
        stack_t stack{};
        stack.ss_sp = memory_.data();
        stack.ss_size = memory_.size();
        REQUIRE(::sigaltstack(&stack, &before_) == 0);
    }
    AlternateStack(const AlternateStack&) = delete;
    AlternateStack& operator=(const AlternateStack&) = delete;
    ~AlternateStack() { ::sigaltstack(&before_, nullptr); }

  private:
    std::vector<char> memory_;
    stack_t before_{};
};

UNWIND_TEST_FUNCTION void interrupted() {
    ::raise(SIGUSR1);
    asm volatile("" : : : "memory");
}

void require_interrupted() {
    REQUIRE(handler_trace.passes(take_in_handler));
    REQUIRE(handler_trace.passes(interrupted));
    REQUIRE(context_trace.passes(interrupted));
    REQUIRE(handler_trace.count > context_trace.count);
    // The outer frames are equal.
    const auto inner = handler_trace.count - context_trace.count;
    for (unsigned i = 0; i < context_trace.count; ++i)
        REQUIRE(handler_trace.addresses[i + inner] == context_trace.addresses[i]);
}

} // namespace

TEST_CASE("a signal's frame is passed") {
    const Handler handler(SIGUSR1, take_in_handler, 0);
    interrupted();
    require_interrupted();
}

TEST_CASE("a signal's frame is passed from an alternate stack, in any thread") {
    const Handler handler(SIGUSR1, take_in_handler, SA_ONSTACK);
    const auto work = [] {
        const AlternateStack stack;
        interrupted();
    };
    work();
    require_interrupted();
    std::thread(work).join();
    require_interrupted();
}

// ---- Every instruction ------------------------------------------------------------------------------------

namespace {

// The caller of the stepped function, and the frames outside the caller.
struct Stepping {
    std::uintptr_t caller = 0; // an address in the caller
    unsigned outer = 0;        // frames of the caller and outside
    std::uint64_t steps = 0;
    std::uint64_t wrong = 0;
    std::uintptr_t first_wrong = 0;
};
Stepping stepping;

constexpr long long kTrapFlag = 0x100;

extern "C" void ashlar_test_step(void (*function)());
extern "C" const char ashlar_test_step_on[];
extern "C" const char ashlar_test_step_end[];
// Calls the function one instruction at a time.
asm(R"(
    .pushsection .text
    .globl ashlar_test_step
    .type ashlar_test_step, @function
    .globl ashlar_test_step_on
    .globl ashlar_test_step_end
ashlar_test_step:
    .cfi_startproc
    sub $8, %rsp
    .cfi_adjust_cfa_offset 8
    pushfq
    .cfi_adjust_cfa_offset 8
    orq $0x100, (%rsp)
    popfq
    .cfi_adjust_cfa_offset -8
    call *%rdi
ashlar_test_step_on:
    pushfq
    .cfi_adjust_cfa_offset 8
    andq $-257, (%rsp)
    popfq
    .cfi_adjust_cfa_offset -8
    add $8, %rsp
    .cfi_adjust_cfa_offset -8
    ret
    .cfi_endproc
ashlar_test_step_end:
    .size ashlar_test_step, . - ashlar_test_step
    .popsection
)");

void check_step(int /*signal*/, siginfo_t* /*information*/, void* context) {
    Trace trace;
    trace.count = observe::unwind_from(context, trace.addresses.data(), kMost);
    stepping.steps++;
    const auto call = reinterpret_cast<std::uintptr_t>(ashlar_test_step_on);
    bool right = trace.count >= stepping.outer;
    // Frames outside the call must be unchanged. Instructions around the call have no inner frame.
    bool called = false;
    for (unsigned i = 0; i < trace.count; ++i) {
        if (trace.addresses[i] == call) {
            called = true;
            right = right && trace.count - i == stepping.outer + 1;
        }
    }
    const std::uintptr_t at = trace.addresses[0] - 1;
    const auto begin = reinterpret_cast<std::uintptr_t>(ashlar_test_step);
    const bool around = at - begin < reinterpret_cast<std::uintptr_t>(ashlar_test_step_end) - begin;
    if (around) right = right && trace.count == stepping.outer + 1;
    if (right && (called || around)) return;
    if (stepping.wrong++ == 0) stepping.first_wrong = at;
}

// With `strict` every step must find the callers.
UNWIND_TEST_FUNCTION void step_through(void (*function)(), bool strict) {
    const Handler handler(SIGTRAP, check_step, SA_ONSTACK);
    Trace trace;
    take(trace);
    stepping = {};
    // Counts this frame and the frames outside.
    const auto begin = reinterpret_cast<std::uintptr_t>(step_through);
    unsigned inner = 0;
    while (inner < trace.count && trace.addresses[inner] - begin >= 1024)
        inner++;
    stepping.outer = trace.count - inner;
    ashlar_test_step(function);
    CAPTURE(stepping.steps, stepping.first_wrong, begin);
    REQUIRE(stepping.steps > 10);
    if (strict) REQUIRE(stepping.wrong == 0);
}

volatile std::size_t sink;

UNWIND_TEST_FUNCTION void add_up() {
    std::array<std::size_t, 8> numbers{};
    for (std::size_t i = 0; i < numbers.size(); ++i)
        numbers[i] = sink + i;
    sink = numbers[3];
}

UNWIND_TEST_FUNCTION void copies_and_sorts() {
    std::array<int, 16> numbers{};
    for (std::size_t i = 0; i < numbers.size(); ++i)
        numbers[i] = static_cast<int>(i * 7 % 16);
    std::qsort(numbers.data(), numbers.size(), sizeof numbers[0], [](const void* a, const void* b) {
        return *static_cast<const int*>(a) - *static_cast<const int*>(b);
    });
    sink = static_cast<std::size_t>(numbers[0]);
}

UNWIND_TEST_FUNCTION void allocates() {
    void* const block = std::malloc(sink % 100 + 10);
    sink = block != nullptr;
    std::free(block);
}

UNWIND_TEST_FUNCTION void throws_and_catches() {
    try {
        throw 1;
    } catch (int value) {
        sink = static_cast<std::size_t>(value);
    }
}

UNWIND_TEST_FUNCTION void changes_shapes() {
    Trace trace;
    with_variable_array(sink % 10 + 50, trace);
    with_aligned_stack(sink % 10 + 50, trace);
}

} // namespace

TEST_CASE("a signal at any instruction finds the callers") {
    UNIT_SKIP_IF(unit::kSanitizer, "a sanitizer's own code is not stepped through");
    sink = 0;
    throws_and_catches(); // loads the code for the first exception
    for (auto* function : {add_up, copies_and_sorts, allocates, changes_shapes})
        step_through(function, true);
    // libgcc is excepted: before a handler runs, it overwrites the frames that it leaves.
    step_through(throws_and_catches, false);
}

// ---- Damaged stacks ---------------------------------------------------------------------------------------

namespace {

// Unwinds with random words overwritten in this frame and its caller's. Restores the words afterwards.
[[gnu::noinline, gnu::noipa, gnu::no_sanitize_address]] void
take_with_damage(unit::Random& random, std::span<const std::uintptr_t> values, Trace& trace) {
    constexpr std::size_t kWords = 48;
    std::array<std::uintptr_t, 16> places{};
    std::array<std::uintptr_t, 16> saved{};
    std::array<std::uintptr_t, 16> news{};
    auto* const frame = static_cast<volatile std::uintptr_t*>(__builtin_frame_address(0));
    const std::size_t count = random.between(1, places.size());
    for (std::size_t i = 0; i < count; ++i) {
        places[i] = random.below(kWords);
        const std::size_t kind = random.below(4);
        news[i] = kind == 0   ? values[random.below(values.size())]
                  : kind == 1 ? reinterpret_cast<std::uintptr_t>(frame) + random.below(1024) * 8
                  : kind == 2 ? random.below(SIZE_MAX)
                              : frame[random.below(kWords)];
    }
    // Only the call may use the outer frames from here on.
    for (std::size_t i = 0; i < count; ++i) {
        saved[i] = frame[places[i]];
        frame[places[i]] = news[i];
    }
    trace.count = observe::unwind(trace.addresses.data(), kMost, 0);
    for (std::size_t i = count; i-- > 0;)
        frame[places[i]] = saved[i];
}

UNWIND_TEST_FUNCTION void call_with_damage(unit::Random& random, std::span<const std::uintptr_t> values,
                                           Trace& trace) {
    std::array<std::uintptr_t, 64> room{};
    asm volatile("" : : "r"(room.data()) : "memory");
    take_with_damage(random, values, trace);
    asm volatile("" : : "r"(room.data()) : "memory");
}

} // namespace

TEST_CASE("a damaged stack ends the walk") {
    UNIT_SKIP_IF(unit::kSanitizer, "the sanitizer keeps its own things between the frames");
    unit::Random random;
    CAPTURE(random.seed());
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    auto* const pages = static_cast<char*>(
        ::mmap(nullptr, 3 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    REQUIRE(pages != MAP_FAILED);
    REQUIRE(::mprotect(pages + page, page, PROT_NONE) == 0);
    std::vector<std::uintptr_t> values{0,
                                       1,
                                       8,
                                       4096,
                                       UINTPTR_MAX,
                                       UINTPTR_MAX - 7,
                                       std::uintptr_t{1} << 47,
                                       reinterpret_cast<std::uintptr_t>(pages + page) - 8,
                                       reinterpret_cast<std::uintptr_t>(pages + page),
                                       reinterpret_cast<std::uintptr_t>(pages) + 16,
                                       reinterpret_cast<std::uintptr_t>(&std::qsort) + 40,
                                       reinterpret_cast<std::uintptr_t>(&take_with_other_rbx) + 20};
    for (unsigned i = 0; i < 20000; ++i) {
        Trace trace;
        call_with_damage(random, values, trace);
        REQUIRE(trace.count <= kMost);
    }
    ::munmap(pages, 3 * page);
}

TEST_CASE("any context is unwound without a fault") {
    unit::Random random;
    CAPTURE(random.seed());
    Trace known;
    take(known);
    alignas(16) std::array<std::uintptr_t, 512> stack{};
    for (unsigned i = 0; i < 20000; ++i) {
        const auto any = [&]() -> std::uintptr_t {
            switch (random.below(5)) {
            case 0:
                return known.addresses[random.below(known.count)] + random.below(64) - 32;
            case 1:
                return reinterpret_cast<std::uintptr_t>(stack.data()) + random.below(600) * 8;
            case 2:
                return reinterpret_cast<std::uintptr_t>(&std::qsort) + random.below(std::size_t{1} << 18);
            case 3:
                return random.below(SIZE_MAX);
            default:
                return random.below(8192);
            }
        };
        for (auto& word : stack)
            word = any();
        ucontext_t context{};
        for (auto& word : context.uc_mcontext.gregs)
            word = static_cast<greg_t>(any());
        context.uc_mcontext.gregs[REG_RSP] = reinterpret_cast<greg_t>(stack.data() + random.below(64));
        if (random.chance(20)) context.uc_mcontext.gregs[REG_RSP] = static_cast<greg_t>(any());
        Trace trace;
        trace.count = observe::unwind_from(&context, trace.addresses.data(), kMost);
        REQUIRE(trace.count <= kMost);
        REQUIRE(trace.count > 0);
    }
}

// ---- Other stacks -----------------------------------------------------------------------------------------

namespace {

struct Coroutine {
    ucontext_t own{};
    ucontext_t caller{};
    Trace trace;
};
Coroutine* current_coroutine = nullptr;

UNWIND_TEST_FUNCTION void in_coroutine() {
    take(current_coroutine->trace);
    asm volatile("" : : : "memory");
}

UNWIND_TEST_FUNCTION void coroutine_body() {
    in_coroutine();
    ::swapcontext(&current_coroutine->own, &current_coroutine->caller);
    in_coroutine();
    asm volatile("" : : : "memory");
}

// A stack between inaccessible pages.
class OtherStack {
  public:
    explicit OtherStack(std::size_t pages) : size_((pages + 2) * page()) {
        memory_ = static_cast<char*>(::mmap(nullptr, size_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
        REQUIRE(memory_ != MAP_FAILED);
        REQUIRE(::mprotect(begin(), pages * page(), PROT_READ | PROT_WRITE) == 0);
    }
    OtherStack(const OtherStack&) = delete;
    OtherStack& operator=(const OtherStack&) = delete;
    ~OtherStack() { ::munmap(memory_, size_); }

    char* begin() const { return memory_ + page(); }
    std::size_t size() const { return size_ - 2 * page(); }

  private:
    static std::size_t page() { return static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)); }

    std::size_t size_;
    char* memory_;
};

void run_coroutine() {
    const OtherStack stack(4);
    Coroutine coroutine;
    current_coroutine = &coroutine;
    REQUIRE(::getcontext(&coroutine.own) == 0);
    coroutine.own.uc_stack.ss_sp = stack.begin();
    coroutine.own.uc_stack.ss_size = stack.size();
    coroutine.own.uc_link = &coroutine.caller;
    ::makecontext(&coroutine.own, coroutine_body, 0);
    for (unsigned i = 0; i < 2; ++i) {
        coroutine.trace = {};
        ::swapcontext(&coroutine.caller, &coroutine.own);
        REQUIRE(coroutine.trace.passes(in_coroutine));
        REQUIRE(coroutine.trace.passes(coroutine_body));
        REQUIRE(coroutine.trace.count < 8); // ends at the start of the coroutine
    }
}

} // namespace

TEST_CASE("a coroutine's stack is followed to its beginning") {
    UNIT_SKIP_IF(unit::kSanitizer, "the sanitizer is not told of the change of stacks");
    for (unsigned i = 0; i < 100; ++i)
        run_coroutine();
    std::thread([] {
        for (unsigned i = 0; i < 100; ++i)
            run_coroutine();
    }).join();
}

TEST_CASE("stacks are followed where the kernel forbids copying") {
    UNIT_SKIP_IF(unit::kSanitizer, "the sanitizer is not told of the change of stacks");
    UNIT_REQUIRE_PASSED(unit::run_here([] {
        REQUIRE(unit::forbid_call(SYS_process_vm_readv));
        run_coroutine();
        const Handler handler(SIGUSR1, take_in_handler, SA_ONSTACK);
        const AlternateStack stack;
        interrupted();
        require_interrupted();
    }));
}

// ---- Stack use
// ------------------------------------------------------------------------------------------------

namespace {

// Paints the stack below this frame, unwinds, and returns the bytes of stack that were used.
template <typename Unwind>
UNWIND_TEST_FUNCTION std::size_t stack_used(char* lowest, Unwind unwind) {
    constexpr char kPaint = 0x5A;
    constexpr std::size_t kOwnFrame = 256;
    auto* const frame = static_cast<char*>(__builtin_frame_address(0));
    for (volatile char* at = lowest; at < frame - kOwnFrame; ++at)
        *at = kPaint;
    unwind();
    char* used = lowest;
    while (used < frame && *used == kPaint)
        ++used;
    return static_cast<std::size_t>(frame - used);
}

alignas(64) std::array<char, 128 << 10> painted_stack;
Trace painted_trace;
std::size_t used_first = 0;
std::size_t used_again = 0;
std::size_t used_from_context = 0;
std::size_t used_through_signal = 0;

void use_stack_in_handler(int /*signal*/, siginfo_t* /*information*/, void* context) {
    used_from_context = stack_used(painted_stack.data(), [&] {
        painted_trace.count = observe::unwind_from(context, painted_trace.addresses.data(), kMost);
    });
    used_through_signal = stack_used(painted_stack.data(), [] { take(painted_trace); });
}

void* use_stack(void* /*nothing*/) {
    used_first = stack_used(painted_stack.data(), [] { take(painted_trace); });
    used_again = stack_used(painted_stack.data(), [] { take(painted_trace); });
    ::raise(SIGUSR1);
    return nullptr;
}

} // namespace

// A separate process has no unwind rules yet.
UNIT_TEST_CASE_IN_CHILD("unwinding needs less than 2 KiB of stack", unit::kNoHeap) {
    UNIT_SKIP_IF(unit::kSanitizer, "a sanitizer's frames are larger");
    const Handler handler(SIGUSR1, use_stack_in_handler, 0);
    pthread_attr_t attributes;
    REQUIRE(::pthread_attr_init(&attributes) == 0);
    REQUIRE(::pthread_attr_setstack(&attributes, painted_stack.data(), painted_stack.size()) == 0);
    pthread_t thread{};
    REQUIRE(::pthread_create(&thread, &attributes, use_stack, nullptr) == 0);
    ::pthread_join(thread, nullptr);
    ::pthread_attr_destroy(&attributes);
    CAPTURE(used_first, used_again, used_from_context, used_through_signal);
    REQUIRE(painted_trace.passes(use_stack_in_handler));
    REQUIRE(painted_trace.passes(use_stack));
#ifdef NDEBUG
    constexpr std::size_t kMostUsed = 1800;
#else
    constexpr std::size_t kMostUsed = 8192; // not optimized
#endif
    REQUIRE(std::max({used_first, used_again, used_from_context, used_through_signal}) < kMostUsed);
}

#endif
