// SPDX-License-Identifier: MIT
// grow_vectors: many vectors that grow at the same time, so that neighbours are in each other's way. Each
// step takes a random vector one step further through its life. An empty vector allocates room for one cache
// line. A small vector is reallocated to its next capacity. A vector above its final size is reallocated to
// exactly that size, as by shrink_to_fit. A finished vector is released. A third of the vectors double their
// capacity, a third grow by half, and a third by 256 bytes, like read buffers.
#include "support/block.h"
#include "support/cache_line.h"
#include "support/command_line.h"
#include "support/mapped_array.h"
#include "support/random.h"
#include "support/team.h"
#include "support/workload.h"

namespace {

using bench::CommandLine;
using bench::Draw;
using bench::MappedArray;
using bench::Random;
using bench::SizeRange;

constexpr const char* kUsage =
    "usage: grow_vectors <operations> <size> <seed> [threads] [vectors] [--verify]\n"
    "  operations  calls of malloc, realloc and free by all threads, each counts one; rounded up to as many "
    "for\n"
    "              each thread\n"
    "  size        final bytes of a vector, or a range such as 64-16k (both ends included)\n"
    "  seed        the same seed gives the same operations under every allocator\n"
    "  threads     each with vectors of its own (1)\n"
    "  vectors     of each thread, growing at the same time (1000)\n"
    "  --verify    fill every block and check its contents after it was reallocated and when it is released\n"
    "The last line printed is: Throughput = N operations per second\n";

constexpr std::uint32_t kDefaultVectors = 1000;
constexpr std::uint32_t kFirstCapacity = 64;
constexpr std::uint32_t kFixedGrowth = 256;

struct Settings {
    std::uint64_t operations;
    SizeRange sizes;
    std::uint64_t seed;
    std::uint32_t threads;
    std::uint32_t vectors;
};

enum class Growth : std::uint32_t { kDouble, kHalf, kFixed };
constexpr std::uint32_t kGrowths = 3;

template <typename Block>
struct Vector {
    Block block;
    std::uint32_t capacity;
    std::uint32_t final_size;
    Growth growth;

    std::uint32_t next_capacity() const {
        switch (growth) {
        case Growth::kDouble:
            return capacity * 2;
        case Growth::kHalf:
            return capacity + capacity / 2;
        case Growth::kFixed:
            break;
        }
        return capacity + kFixedGrowth;
    }

    // Makes one call of malloc, realloc or free.
    void step(Draw& draw, SizeRange sizes, std::uint64_t stamp) {
        if (!block.held()) {
            final_size = sizes.pick(draw);
            growth = static_cast<Growth>(draw.below(kGrowths));
            capacity = kFirstCapacity;
            block.acquire(capacity, stamp);
        } else if (capacity == final_size) {
            block.release();
        } else {
            capacity = capacity < final_size ? next_capacity() : final_size;
            block.resize(capacity);
        }
    }
};

template <typename Block>
struct alignas(bench::kCacheLinePair) Worker {
    Vector<Block>* vectors;
    std::uint32_t count;
    std::uint64_t operations;
    SizeRange sizes;
    Random random;

    void prepare() {}

    void work() const {
        Random draws = random;
        for (std::uint64_t left = operations; left != 0; --left) {
            Draw draw = draws.draw();
            vectors[draw.below(count)].step(draw, sizes, left);
        }
    }
};

Settings read_settings(const CommandLine& line) {
    line.expect_between(3, 5);
    return {
        .operations = line.integer(0, "operations", 1, std::uint64_t{1} << 60),
        .sizes = line.range(1, "size"),
        .seed = line.integer(2, "seed", 0, UINT64_MAX),
        .threads = line.integer_or(1U, 3, "threads", 1, 4096),
        .vectors = line.integer_or(kDefaultVectors, 4, "vectors", 1, 1U << 24),
    };
}

template <typename Block>
void measure(const Settings& settings) {
    MappedArray<Vector<Block>> vectors(std::size_t{settings.threads} * settings.vectors);
    MappedArray<Worker<Block>> workers(settings.threads);
    const std::uint64_t share = bench::share_of(settings.operations, settings.threads);
    for (std::uint32_t index = 0; index < settings.threads; ++index) {
        workers[index] = {.vectors = vectors.data() + std::size_t{index} * settings.vectors,
                          .count = settings.vectors,
                          .operations = share,
                          .sizes = settings.sizes,
                          .random = Random(bench::scramble(settings.seed) + index)};
    }
    const double seconds = bench::time_team(workers);
    for (Vector<Block>& vector : vectors) {
        if (vector.block.held()) {
            vector.block.release();
        }
    }
    bench::print_throughput(share * settings.threads, seconds);
}

} // namespace

int main(int argc, char** argv) {
    return bench::run_workload(argc, argv, kUsage, read_settings,
                               []<typename Block>(const Settings& settings) { measure<Block>(settings); });
}
