// SPDX-License-Identifier: MIT
// The end of a thread. Key destructors, thread_local destructors and the C library's clean-up run in unknown
// order around the cache's. They may allocate and free; no block may be damaged or lost.
#include "child.h"
#include "opaque.h"
#include "subject.h"

#include <array>
#include <atomic>
#include <catch2/catch.hpp>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <limits.h>
#include <malloc.h>
#include <pthread.h>
#include <sys/mman.h>
#include <thread>
#include <ucontext.h>
#include <unistd.h>
#include <vector>

using contract::opaque;

namespace {

// Faults outside the main thread. Assertions belong to the main thread.
std::atomic<int> faults{0};
std::atomic<int> destructions{0};

constexpr std::size_t kSizes[] = {1, 16, 24, 100, 500, 1000, 4000, 16'000, 32'768, 100'000};

// Allocates one block of each size, checks that they are distinct, and frees them.
void exercise() {
    std::array<unsigned char*, std::size(kSizes)> blocks{};
    for (std::size_t i = 0; i < blocks.size(); ++i) {
        blocks[i] = static_cast<unsigned char*>(malloc(opaque(kSizes[i])));
        if (blocks[i] == nullptr) {
            ++faults;
            return;
        }
        std::memset(blocks[i], static_cast<int>(i + 1), kSizes[i]);
    }
    for (std::size_t i = 0; i < blocks.size(); ++i) {
        if (blocks[i][0] != i + 1 || blocks[i][kSizes[i] - 1] != i + 1) ++faults;
        free(blocks[i]);
    }
}

struct Exerciser {
    void* block = nullptr;
    explicit Exerciser(std::size_t size) : block(size == 0 ? nullptr : malloc(opaque(size))) {}
    Exerciser(const Exerciser&) = delete;
    Exerciser& operator=(const Exerciser&) = delete;
    ~Exerciser() {
        ++destructions;
        exercise();
        free(block);
    }
};

// A key whose destructor allocates, frees the last round's blocks and sets the key again, for four rounds.
class RepeatingKey {
  public:
    RepeatingKey() { REQUIRE(pthread_key_create(&key_, destroy) == 0); }
    RepeatingKey(const RepeatingKey&) = delete;
    RepeatingKey& operator=(const RepeatingKey&) = delete;
    ~RepeatingKey() { pthread_key_delete(key_); }
    void set(void* value) const { pthread_setspecific(key_, value); }

  private:
    static void destroy(void* value) {
        ++destructions;
        exercise();
        if (value != first_value()) free(value);
        if (++rounds_ < PTHREAD_DESTRUCTOR_ITERATIONS) active_->set(malloc(opaque<std::size_t>(200)));
    }

  public:
    static void* first_value() { return &rounds_; }
    static void begin(const RepeatingKey& key) {
        active_ = &key;
        rounds_ = 0;
        key.set(first_value());
    }

  private:
    pthread_key_t key_{};
    static thread_local int rounds_;
    static const RepeatingKey* active_;
};
thread_local int RepeatingKey::rounds_ = 0;
const RepeatingKey* RepeatingKey::active_ = nullptr;

constexpr int kThreads = 50;

struct Counters {
    Counters() {
        faults = 0;
        destructions = 0;
    }
};

} // namespace

TEST_CASE("a thread's first call comes from a key destructor") {
    const Counters reset;
    const RepeatingKey key;
    for (int i = 0; i < kThreads; ++i)
        std::thread([&key] { RepeatingKey::begin(key); }).join();
    CHECK(faults == 0);
    CHECK(destructions == kThreads * PTHREAD_DESTRUCTOR_ITERATIONS);
}

TEST_CASE("four rounds of key destructors allocate and free") {
    const Counters reset;
    const RepeatingKey key;
    for (int i = 0; i < kThreads; ++i)
        std::thread([&key] {
            exercise();
            RepeatingKey::begin(key);
            exercise();
        }).join();
    CHECK(faults == 0);
    CHECK(destructions == kThreads * PTHREAD_DESTRUCTOR_ITERATIONS);
}

TEST_CASE("thread_local destructors allocate and free, registered before and after the first call") {
    const Counters reset;
    for (int i = 0; i < kThreads; ++i) {
        std::thread([] {
            thread_local const Exerciser first(0); // its destructor runs last
            static_cast<void>(&first);
            exercise();
            thread_local const Exerciser second(300);
            static_cast<void>(&second);
        }).join();
        std::thread([] {
            thread_local const Exerciser only(0); // only its destructor allocates
            static_cast<void>(&only);
        }).join();
    }
    CHECK(faults == 0);
    CHECK(destructions == 3 * kThreads);
}

TEST_CASE("blocks allocated in a thread's last destructors can be freed by another") {
    static std::atomic<void*> left{nullptr};
    pthread_key_t key{};
    REQUIRE(pthread_key_create(&key, [](void*) { left = malloc(opaque<std::size_t>(777)); }) == 0);
    for (int i = 0; i < kThreads; ++i) {
        std::thread([key] { pthread_setspecific(key, &left); }).join();
        void* const block = left.exchange(nullptr);
        REQUIRE(block != nullptr);
        std::memset(block, 0x11, 777);
        free(block);
    }
    pthread_key_delete(key);
}

TEST_CASE("threads end by pthread_exit and by cancellation") {
    const Counters reset;
    const auto quit = [](void*) -> void* {
        exercise();
        pthread_exit(malloc(opaque<std::size_t>(64)));
    };
    const auto wait = [](void* pipe_end) -> void* {
        void* const block = malloc(opaque<std::size_t>(5000));
        pthread_cleanup_push(free, block);
        char byte = 0;
        while (read(*static_cast<int*>(pipe_end), &byte, 1) == 1)
            exercise();
        ++faults; // only cancellation ends the read
        pthread_cleanup_pop(1);
        return nullptr;
    };
    for (int i = 0; i < kThreads; ++i) {
        pthread_t thread{};
        void* result = nullptr;
        REQUIRE(pthread_create(&thread, nullptr, quit, nullptr) == 0);
        REQUIRE(pthread_join(thread, &result) == 0);
        REQUIRE(result != nullptr);
        free(result);

        std::array<int, 2> ends{};
        REQUIRE(pipe(ends.data()) == 0);
        REQUIRE(pthread_create(&thread, nullptr, wait, ends.data()) == 0);
        REQUIRE(write(ends[1], "x", 1) == 1);
        REQUIRE(pthread_cancel(thread) == 0);
        REQUIRE(pthread_join(thread, &result) == 0);
        CHECK(result == PTHREAD_CANCELED);
        close(ends[0]);
        close(ends[1]);
    }
    CHECK(faults == 0);
}

TEST_CASE("a thread with the smallest stack allocates") {
    const Counters reset;
    pthread_attr_t attributes;
    REQUIRE(pthread_attr_init(&attributes) == 0);
    REQUIRE(pthread_attr_setstacksize(&attributes, static_cast<std::size_t>(PTHREAD_STACK_MIN)) == 0);
    for (int i = 0; i < kThreads; ++i) {
        pthread_t thread{};
        REQUIRE(pthread_create(
                    &thread, &attributes,
                    [](void*) -> void* {
                        exercise();
                        return nullptr;
                    },
                    nullptr) == 0);
        REQUIRE(pthread_join(thread, nullptr) == 0);
    }
    pthread_attr_destroy(&attributes);
    CHECK(faults == 0);
}

namespace {

// Runs a call on a stack filled with a pattern, and measures how deep the call wrote.
class PaintedStack {
  public:
    std::size_t depth_of(void (*call)()) {
        std::memset(stack_, kPaint, kSize);
        getcontext(&inside_);
        inside_.uc_stack.ss_sp = stack_;
        inside_.uc_stack.ss_size = kSize;
        inside_.uc_link = &outside_;
        makecontext(&inside_, call, 0);
        swapcontext(&outside_, &inside_);
        std::size_t untouched = 0;
        while (untouched < kSize && stack_[untouched] == kPaint)
            ++untouched;
        return kSize - untouched;
    }
    PaintedStack()
        : stack_(static_cast<unsigned char*>(
              mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))) {}
    PaintedStack(const PaintedStack&) = delete;
    PaintedStack& operator=(const PaintedStack&) = delete;
    ~PaintedStack() { munmap(stack_, kSize); }

  private:
    static constexpr std::size_t kSize = 256 * 1024;
    static constexpr unsigned char kPaint = 0xE7;
    unsigned char* stack_;
    ucontext_t inside_{};
    ucontext_t outside_{};
};

std::vector<void*> kept;
void* long_lived = nullptr;

constexpr void (*kCalls[])() = {
    [] { free(malloc(opaque<std::size_t>(1))); },
    [] { free(malloc(opaque<std::size_t>(100))); },
    [] { free(malloc(opaque<std::size_t>(5000))); },
    [] { free(malloc(opaque<std::size_t>(30'000))); },
    [] { free(malloc(opaque<std::size_t>(100'000))); },
    [] { free(malloc(opaque<std::size_t>(10'000'000))); },
    [] { free(calloc(opaque<std::size_t>(100), opaque<std::size_t>(10))); },
    [] { free(realloc(malloc(opaque<std::size_t>(100)), opaque<std::size_t>(2000))); },
    [] { free(realloc(malloc(opaque<std::size_t>(2000)), opaque<std::size_t>(200'000))); },
    [] { free(memalign(opaque<std::size_t>(4096), opaque<std::size_t>(100))); },
    [] { free(memalign(opaque<std::size_t>(1) << 20, opaque<std::size_t>(100))); },
    [] { ::operator delete(::operator new(opaque<std::size_t>(100))); },
    [] { static_cast<void>(malloc_usable_size(long_lived)); },
    [] { // fills and empties the thread's cache many times
        for (std::size_t i = 0; i < kept.size(); ++i)
            kept[i] = malloc(opaque<std::size_t>(i % 2000));
        for (void* const block : kept)
            free(block);
    },
};

} // namespace

TEST_CASE("no call needs more than 2 KiB of stack, a thread's first ones included") {
    kept.assign(20'000, nullptr);
    long_lived = malloc(opaque<std::size_t>(100));
    for (std::size_t call = 0; call < std::size(kCalls); ++call) {
        std::array<std::size_t, 2> depths{};
        std::size_t nothing = 0;
        std::thread([&] {
            PaintedStack stack;
            nothing = stack.depth_of([] {});
            for (std::size_t& depth : depths)
                depth = stack.depth_of(kCalls[call]); // as the thread's first call
        }).join();
        for (const std::size_t depth : depths) {
            INFO("call " << call << ", " << depth << " bytes, of them " << nothing << " without any call");
            CHECK(depth - nothing < 2048);
        }
    }
    free(long_lived);
}

TEST_CASE("a thread that ended leaves nothing behind", "[ashlar-only]") {
    const Counters reset;
    const RepeatingKey key;
    const auto everything = [&key] {
        thread_local const Exerciser before(0);
        static_cast<void>(&before);
        exercise();
        thread_local const Exerciser after(300);
        static_cast<void>(&after);
        RepeatingKey::begin(key);
    };
    for (int i = 0; i < kThreads; ++i)
        std::thread(everything).join();
    const ashlar_statistics before = contract::statistics();
    constexpr int kMoreThreads = 1000;
    for (int i = 0; i < kMoreThreads; ++i)
        std::thread(everything).join();
    const ashlar_statistics after = contract::statistics();
    CHECK(faults == 0);
    CHECK(after.threads == before.threads);
    CHECK(after.shards == before.shards);
    CHECK(after.allocated <= before.allocated + 4096); // less than 5 bytes a thread
    CHECK(after.fallback <= before.fallback + 4096);
    CHECK(after.metadata <= before.metadata + 4096);
}

TEST_CASE("a program that uses every thread-specific key runs as ever") {
    for (const char* const when : {"main", "first", "threads"}) {
        INFO("keys are taken in " << when);
        REQUIRE_CLEAN(contract::run({{contract::program("all_keys"), when}}));
    }
}

TEST_CASE("no call is a cancellation point, and misuse is reported when a cancellation is pending") {
    const contract::Outcome calls = contract::run({{contract::program("cancelled"), "calls"}});
    INFO(calls.describe());
    CHECK(calls.status == 0);
    CHECK_FALSE(calls.errors.empty()); // the statistics
    const contract::Outcome misuse = contract::run({{contract::program("cancelled"), "double_free"}});
    INFO(misuse.describe());
    CHECK(misuse.killed_by(SIGABRT));
    CHECK_FALSE(misuse.errors.empty());
}

TEST_CASE("functions of the C library allocate in the middle of slow paths", "[ashlar-only]") {
    const auto* const function = GENERATE("pthread_create", "pthread_key_create", "pthread_setspecific");
    for (const char* const settings : {"background:true", "prewarm:true,background:true"}) {
        for (const char* const size : {"16", "64", "272", "1024", "2048"}) {
            INFO(function << ", " << settings << ", " << size << " bytes");
            REQUIRE_CLEAN(contract::run(
                {{contract::program("re_entry"), function, size}, {{"ASHLAR_CONF", settings}}}));
        }
    }
}

TEST_CASE("the main thread ends before the others") {
    REQUIRE_CLEAN(contract::run({{contract::program("main_thread_ends_first")}}));
}
