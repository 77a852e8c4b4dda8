// SPDX-License-Identifier: MIT
// idle_threads: memory in the caches of idle threads. All threads start. Then each allocates one block of
// every size class, releases them, and remains idle. No block is live then. So the memory that the process
// has gained since the start is in caches and partly used slabs. RSS is read three times: at once, after some
// idle time, and after the main thread has called malloc_trim.
//
// --limit bounds the data of the process (RLIMIT_DATA). The program then searches for the largest block that
// malloc still returns. Memory that idle threads keep is not available to other threads.
//
// RSS does not include stacks of threads, because these are in use before the first reading.
#include "support/allocator.h"
#include "support/block.h"
#include "support/command_line.h"
#include "support/mapped_array.h"
#include "support/resident.h"
#include "support/stopwatch.h"
#include "support/thread.h"
#include "support/workload.h"

#include <array>
#include <cerrno>
#include <sys/resource.h>

namespace {

using bench::CommandLine;
using bench::MappedArray;

constexpr const char* kUsage =
    "usage: idle_threads <threads> [--seconds S] [--limit MiB] [--verify]\n"
    "  threads      that use every size once, and stay idle\n"
    "  --seconds S  of idleness before malloc_trim is called (1)\n"
    "  --limit MiB  of data that the process may have; prints the largest block that can be had in the end\n"
    "  --verify     fill every block and check its contents when it is released\n"
    "The last line printed is: RSS = N KiB per thread\n";

constexpr double kDefaultSeconds = 1;
constexpr std::size_t kStack = std::size_t{128} << 10; // as servers with many threads choose it
constexpr std::uint32_t kSmallest = 16;
constexpr std::uint32_t kLargest = 32 << 10;
constexpr std::uint32_t kPerDoubling = 8; // no allocator that is compared here has more classes

struct Settings {
    std::uint32_t threads;
    double seconds;
    std::uint64_t limit; // bytes, 0: none
};

// Returns the size after `size`: steps of 16 bytes up to 128, then eight steps to a doubling.
constexpr std::uint32_t next_size(std::uint32_t size) {
    std::uint32_t step = kSmallest;
    while (size >= 2 * step * kPerDoubling) {
        step *= 2;
    }
    return size + step;
}

constexpr std::size_t count_sizes() {
    std::size_t count = 0;
    for (std::uint32_t size = kSmallest; size <= kLargest; size = next_size(size)) {
        ++count;
    }
    return count;
}

constexpr std::size_t kSizes = count_sizes();

// Barriers of all threads.
struct Barriers {
    pthread_barrier_t started; // all threads have started, and all stacks are in use
    pthread_barrier_t looked;  // the main thread has read RSS
    pthread_barrier_t idle;
    pthread_barrier_t over;
};

template <typename Block>
struct Member {
    Barriers* barriers;
    pthread_t thread;
    std::array<Block, kSizes> blocks;
};

template <typename Block>
void* thread_body(void* argument) {
    auto& self = *static_cast<Member<Block>*>(argument);
    pthread_barrier_wait(&self.barriers->started);
    pthread_barrier_wait(&self.barriers->looked);
    std::uint32_t size = kSmallest;
    for (Block& block : self.blocks) {
        block.acquire(size, size);
        size = next_size(size);
    }
    for (Block& block : self.blocks) {
        block.release();
    }
    pthread_barrier_wait(&self.barriers->idle);
    pthread_barrier_wait(&self.barriers->over);
    return nullptr;
}

void limit_data(std::uint64_t bytes) {
    const rlimit limit{.rlim_cur = bytes, .rlim_max = bytes};
    if (setrlimit(RLIMIT_DATA, &limit) != 0) {
        bench::fail(bench::kRunFailed, "cannot limit the data of the process: %s\n", strerrordesc_np(errno));
    }
}

// Returns the largest size that malloc grants, in MiB, at most `most`. Blocks need not be written to for
// this.
std::uint64_t largest_block(std::uint64_t most) {
    for (std::uint64_t size = most; size != 0; --size) {
        void* const block = bench::allocate(size << 20);
        if (block != nullptr) {
            bench::release(block);
            return size;
        }
    }
    return 0;
}

template <typename Block>
void measure(const Settings& settings) {
    if (settings.limit != 0) {
        limit_data(settings.limit);
    }
    Barriers barriers{};
    for (pthread_barrier_t* const each :
         {&barriers.started, &barriers.looked, &barriers.idle, &barriers.over}) {
        pthread_barrier_init(each, nullptr, settings.threads + 1);
    }
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, kStack);
    MappedArray<Member<Block>> members(settings.threads);
    for (Member<Block>& member : members) {
        member.barriers = &barriers;
        member.thread = bench::start_thread(thread_body<Block>, &member, &attributes);
    }
    pthread_attr_destroy(&attributes);

    pthread_barrier_wait(&barriers.started);
    const std::uint64_t before = bench::resident_bytes(0);
    pthread_barrier_wait(&barriers.looked);
    pthread_barrier_wait(&barriers.idle);
    const auto look = [&](const char* when) {
        const auto kib = static_cast<double>(bench::resident_bytes(before)) / 1024;
        const double each = kib / settings.threads;
        std::printf("%s = %.1f KiB per thread\n", when, each);
        return each;
    };
    const bench::Stopwatch stopwatch;
    const double at_once = look("at once");
    stopwatch.wait_until(settings.seconds);
    look("after idleness");
    bench::trim();
    look("after malloc_trim");
    if (settings.limit != 0) {
        std::printf("largest block = %llu MiB\n",
                    static_cast<unsigned long long>(largest_block(settings.limit >> 20)));
    }
    pthread_barrier_wait(&barriers.over);
    for (const Member<Block>& member : members) {
        pthread_join(member.thread, nullptr);
    }
    std::printf("RSS = %.1f KiB per thread\n", at_once);
}

} // namespace

int main(int argc, char** argv) {
    bench::write_by_lines();
    std::array options{bench::Option{"--seconds"}, bench::Option{"--limit"}};
    const CommandLine line(argc, argv, kUsage, options);
    line.expect_between(1, 1);
    const Settings settings{
        .threads = line.integer<std::uint32_t>(0, "threads", 1, 10'000),
        .seconds = line.seconds_or(kDefaultSeconds, options[0]),
        .limit = line.integer_or(0, options[1], 16, 1 << 20) << 20,
    };
    bench::with_kind_of_block(line.verify(), [&]<typename Block>() { measure<Block>(settings); });
    return 0;
}
