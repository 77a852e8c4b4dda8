// SPDX-License-Identifier: MIT
// fork in any state: the child of a multithreaded process can allocate at once and start threads.
#include "child.h"
#include "opaque.h"
#include "subject.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

using contract::opaque;

namespace {

std::size_t next_size(std::size_t& state) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return 1 + (state >> 40) % ((state >> 33) % 64 == 0 ? 100'000 : 2000);
}

// Allocates, writes, checks and frees blocks of many sizes. Returns false if memory was refused or damaged.
bool exercise(std::size_t seed, int count) {
    std::vector<std::pair<unsigned char*, std::size_t>> blocks;
    for (int i = 0; i < count; ++i) {
        const std::size_t size = next_size(seed);
        auto* const block = static_cast<unsigned char*>(malloc(opaque(size)));
        if (block == nullptr) return false;
        std::memset(block, static_cast<int>(size % 253), size);
        blocks.emplace_back(block, size);
    }
    bool intact = true;
    for (const auto& [block, size] : blocks) {
        intact = intact && block[0] == size % 253 && block[size - 1] == size % 253;
        free(block);
    }
    return intact;
}

// Runs threads that allocate until the scope ends. When the constructor returns, all of them are allocating.
class Allocating {
  public:
    explicit Allocating(std::size_t count) {
        for (std::size_t i = 0; i < count; ++i)
            threads_.emplace_back([this, i] {
                for (std::size_t round = 0; !stop_; ++round) {
                    if (!exercise(i * 1000 + round, 50)) damaged_ = true;
                    if (round == 0) ++running_;
                }
            });
        while (running_ < count)
            std::this_thread::yield();
    }
    Allocating(const Allocating&) = delete;
    Allocating& operator=(const Allocating&) = delete;
    ~Allocating() {
        stop_ = true;
        for (std::thread& thread : threads_)
            thread.join();
        CHECK_FALSE(damaged_);
    }

  private:
    std::atomic<std::size_t> running_{0};
    std::atomic<bool> stop_{false};
    std::atomic<bool> damaged_{false};
    std::vector<std::thread> threads_;
};

// Allocates and starts threads at once, in the child. Returns the exit status.
int allocate_and_start_threads() {
    if (!exercise(1, 500)) return 1;
    std::atomic<int> good{0};
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < 3; ++i)
        threads.emplace_back([&good, i] {
            if (exercise(i, 300)) ++good;
        });
    for (std::thread& thread : threads)
        thread.join();
    return good == 3 && exercise(2, 500) ? 0 : 2;
}

// Runs the program with the allocator and the library preloaded, in both orders.
void run_with(const std::string& library, const std::string& name) {
    const char* const preload = std::getenv("LD_PRELOAD");
    const std::string allocator = preload == nullptr ? "" : preload;
    for (const std::string& order : {library + ":" + allocator, allocator + ":" + library}) {
        INFO("LD_PRELOAD=" << order);
        REQUIRE_CLEAN(contract::run({{contract::program(name)}, {{"LD_PRELOAD", order}}}));
    }
}

} // namespace

TEST_CASE("the child of a multithreaded process allocates at once and starts threads") {
    const Allocating background(3);
    REQUIRE_CLEAN(contract::run_here(allocate_and_start_threads));
}

TEST_CASE("a storm of forks while other threads allocate") {
    const Allocating background(4);
    constexpr int kForks = 150;
    for (int i = 0; i < kForks; ++i) {
        INFO("fork " << i);
        REQUIRE_CLEAN(contract::run_here(allocate_and_start_threads));
    }
}

TEST_CASE("several threads fork at once") {
    std::atomic<int> failures{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; ++i)
        threads.emplace_back([&failures] {
            for (int round = 0; round < 25; ++round)
                if (!contract::run_here(allocate_and_start_threads).clean()) ++failures;
        });
    for (std::thread& thread : threads)
        thread.join();
    CHECK(failures == 0);
}

TEST_CASE("a child of a child allocates") {
    const Allocating background(2);
    REQUIRE_CLEAN(contract::run_here([] {
        if (!exercise(1, 100)) return 1;
        for (int generation = 0; generation < 5; ++generation) {
            const pid_t child = fork();
            if (child < 0) return 2;
            if (child > 0) {
                int status = 0;
                return waitpid(child, &status, 0) == child && status == 0 ? 0 : 3;
            }
            if (allocate_and_start_threads() != 0) return 4;
        }
        return 0;
    }));
}

TEST_CASE("parent and child keep and free the blocks they share") {
    constexpr std::size_t kSize = 700;
    std::vector<unsigned char*> blocks;
    std::thread([&blocks] { // blocks of a thread that does not exist in the child
        for (int i = 0; i < 2000; ++i) {
            blocks.push_back(static_cast<unsigned char*>(malloc(opaque(kSize))));
            if (blocks.back() != nullptr) std::memset(blocks.back(), i % 251, kSize);
        }
    })
        .join();
    const auto intact_then_free = [&blocks] {
        bool intact = true;
        for (std::size_t i = 0; i < blocks.size(); ++i) {
            intact = intact && blocks[i] != nullptr && blocks[i][kSize - 1] == i % 251;
            free(blocks[i]);
        }
        return intact && exercise(3, 500);
    };
    const Allocating background(2);
    REQUIRE_CLEAN(contract::run_here([&] { return intact_then_free() ? 0 : 1; }));
    CHECK(intact_then_free());
}

TEST_CASE("fork handlers of the program allocate") {
    REQUIRE_CLEAN(contract::run({{contract::program("fork_handlers")}}));
}

TEST_CASE("fork handlers of a preloaded library allocate, whoever registered first") {
    run_with(contract::program("libfork_handlers_library.so"), "fork_handlers");
}

TEST_CASE("fork handlers take a lock that another thread holds while it allocates") {
    REQUIRE_CLEAN(contract::run({{contract::program("fork_lock_handlers")}}));
}

TEST_CASE("fork in a signal handler that interrupted malloc does not block") {
    REQUIRE_CLEAN(contract::run({{contract::program("fork_in_handler")}}));
}

// The C library's malloc deadlocks here.
TEST_CASE("fork in a signal handler that interrupted a thread in malloc does not block", "[ashlar-only]") {
    REQUIRE_CLEAN(contract::run({{contract::program("fork_in_handler_of_threads")}}));
}

#if defined(__x86_64__)

namespace {

// Lets only the stepped calls take locks: decay is never due. The C library must not use instructions that
// copy bytes, because each of their rounds counts as a step.
contract::Child stepping(const std::string& name) {
    return {{contract::program(name)},
            {{"ASHLAR_CONF", "purge_delay_ms:18446744073709551615"},
             {"GLIBC_TUNABLES", "glibc.cpu.x86_rep_movsb_threshold=100000000:"
                                "glibc.cpu.x86_rep_stosb_threshold=100000000"}}};
}

} // namespace

TEST_CASE("a child that was forked under a lock has blocks from elsewhere, and goes on", "[ashlar-only]") {
    REQUIRE_CLEAN(contract::run(stepping("fork_at_instructions")));
}
TEST_CASE("a child that was forked under a lock of the hardened library likewise", "[hardened-only]") {
    REQUIRE_CLEAN(contract::run(stepping("fork_at_instructions")));
}

TEST_CASE("a child that was forked while others kept locks has blocks from elsewhere for ever",
          "[ashlar-only]") {
    REQUIRE_CLEAN(contract::run(stepping("fork_without_locks")));
}
TEST_CASE("a child that was forked while others kept locks of the hardened library likewise",
          "[hardened-only]") {
    REQUIRE_CLEAN(contract::run(stepping("fork_without_locks")));
}

#endif

TEST_CASE("fork beside fflush(NULL) and getline does not block") {
    REQUIRE_CLEAN(contract::run({{contract::program("fork_beside_streams")}}));
}

TEST_CASE("fork handlers of a preloaded library fork, whoever registered first") {
    run_with(contract::program("libfork_again_library.so"), "fork_beside_threads");
}

TEST_CASE("fork handlers of a preloaded library fork, and the child goes on with the outer fork") {
    run_with(contract::program("libfork_on_library.so"), "fork_goes_on");
}

TEST_CASE("vfork, _Fork, posix_spawn, system and popen work while threads allocate") {
    const Allocating background(3);
    for (int i = 0; i < 20; ++i) {
        int status = -1;
        pid_t child = vfork();
        if (child == 0) {
            execl("/bin/true", "true", nullptr);
            _exit(127);
        }
        REQUIRE(child > 0);
        REQUIRE(waitpid(child, &status, 0) == child);
        CHECK(status == 0);

        child = _Fork();
        if (child == 0) {
            execl("/bin/true", "true", nullptr);
            _exit(127);
        }
        REQUIRE(child > 0);
        REQUIRE(waitpid(child, &status, 0) == child);
        CHECK(status == 0);

        char name[] = "true";
        char* const arguments[] = {name, nullptr};
        REQUIRE(posix_spawn(&child, "/bin/true", nullptr, nullptr, arguments, environ) == 0);
        REQUIRE(waitpid(child, &status, 0) == child);
        CHECK(status == 0);

        CHECK(system("exit 3") == 3 << 8);

        FILE* const stream = popen("echo spoken", "r");
        REQUIRE(stream != nullptr);
        char line[32] = {};
        CHECK(std::fgets(line, sizeof line, stream) != nullptr);
        CHECK(std::strcmp(line, "spoken\n") == 0);
        CHECK(pclose(stream) == 0);
    }
}
