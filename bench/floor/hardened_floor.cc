// SPDX-License-Identifier: MIT
// hardened_floor: the least cost of the hardened library's checks. Runs the operations of random_mixed, or
// the replacements of Larson's server, on plain malloc and free. The program itself does the chosen checks
// for each block. It uses the library's own functions, but inlined and with each block's class known. It
// never asks whether there is anything to do.
#include "guard/canary.h"
#include "guard/poison.h"
#include "guard/secret.h"
#include "layout/size_class.h"
#include "support/block.h"
#include "support/command_line.h"
#include "support/mapped_array.h"
#include "support/random.h"
#include "support/stopwatch.h"
#include "support/workload.h"

#include <array>
#include <utility>

namespace {

using ashlar::layout::class_of;
using ashlar::layout::class_size;
using ashlar::layout::SizeClass;
using bench::CommandLine;
using bench::Draw;
using bench::MappedArray;
using bench::Random;
using bench::SizeRange;
namespace guard = ashlar::guard;

constexpr const char* kUsage =
    "usage: hardened_floor <operations> <size> <seed> <slots> [--replace] [--live] [--canary] [--poison] "
    "[--delay N]\n"
    "  operations  calls of malloc and free in the timed loop, each counts one\n"
    "  size        bytes of a block, or a range such as 16-1024 (both ends included)\n"
    "  seed        the same seed gives the same operations\n"
    "  slots       blocks held at most\n"
    "  --replace   release and allocate in turns, as larson does (without: as random_mixed does)\n"
    "  --live      mark each block as live in a byte of its own, and look whether it is\n"
    "  --canary    close each block, and look whether it is intact before it is released\n"
    "  --poison    fill the ends of each block that is released, and look at them when it is had again\n"
    "  --delay N   exchange what is released with one of N blocks of its class, and malloc takes any of "
    "them\n"
    "The last line printed is: Throughput = N operations per second\n";

constexpr std::size_t kMostDelayed = 4096;

struct Checks {
    bool live;
    bool canary;
    bool poison;
    bool delay;
};

// A byte for every 16 bytes of address space, modulo 64 MiB. Blocks of one heap are close together.
class LiveBytes {
  public:
    bool set(const void* block, bool live) {
        return std::exchange(bytes_[reinterpret_cast<std::uintptr_t>(block) / 16 % bytes_.size()], live);
    }

  private:
    std::array<bool, (std::size_t{64} << 20) / 16> bytes_{};
};
constinit LiveBytes live_bytes;

// Released blocks of a class that wait for reuse. Empty at first.
class Shelf {
  public:
    bool any() const { return count_ != 0; }
    void* take(guard::Random& random) {
        --count_;
        return std::exchange(blocks_[random.below(count_ + 1)], blocks_[count_]);
    }
    // Keeps `block`. Returns the block that has to leave for it, or null.
    void* put(void* block, std::uint32_t most, guard::Random& random) {
        if (count_ < most) {
            blocks_[count_++] = block;
            return nullptr;
        }
        return std::exchange(blocks_[random.below(count_)], block);
    }

  private:
    std::uint32_t count_ = 0;
    std::array<void*, kMostDelayed> blocks_{};
};
constinit std::array<Shelf, ashlar::layout::kClasses> shelves;
constinit guard::Random order;
constinit std::uint32_t most_delayed = 0;
constinit std::uint64_t wrong = 0; // always 0, but the compiler must not know

template <Checks kChecks>
class Block {
  public:
    bool held() const { return bytes_ != nullptr; }

    void acquire(std::size_t size, std::uint64_t /*stamp*/) {
        class_ = class_of(room_for(size));
        const std::size_t room = class_size(class_);
        void* block = nullptr;
        if (kChecks.delay && shelves[class_].any()) {
            block = shelves[class_].take(order);
        } else {
            block = bench::allocate(room);
            if (block == nullptr) bench::fail_out_of_memory(room);
        }
        if (kChecks.poison) wrong += !guard::poison::intact(block, room, guard::poison::Extent::kEnds);
        if (kChecks.live) wrong += live_bytes.set(block, true);
        bytes_ = static_cast<char*>(block);
        if (kChecks.canary) guard::canary::close(bytes_, room, {.size = size});
        bytes_[0] = 1;
        bytes_[size - 1] = 1;
    }

    void release() {
        void* block = std::exchange(bytes_, nullptr);
        const std::size_t room = class_size(class_);
        if (kChecks.live) wrong += !live_bytes.set(block, false);
        if (kChecks.canary) wrong += !guard::canary::is_usual_and_intact(static_cast<char*>(block), room);
        if (kChecks.poison) guard::poison::fill(block, room, guard::poison::Extent::kEnds);
        if (kChecks.delay) block = shelves[class_].put(block, most_delayed, order);
        if (!kChecks.delay || block != nullptr) bench::release(block);
    }

  private:
    static std::size_t room_for(std::size_t size) {
        const std::size_t closed = kChecks.canary ? size + guard::canary::kTrailer : size;
        return kChecks.canary || kChecks.poison ? std::max(closed, guard::poison::kEnd) : closed;
    }

    char* bytes_;
    SizeClass class_;
};

struct Settings {
    std::uint64_t operations;
    SizeRange sizes;
    std::uint64_t seed;
    std::uint32_t slots;
    bool replace;
};

template <Checks kChecks>
[[gnu::noinline]] void operate(MappedArray<Block<kChecks>>& blocks, const Settings& settings, Random random) {
    Block<kChecks>* const first = blocks.data();
    const SizeRange sizes = settings.sizes;
    const std::uint32_t slots = settings.slots;
    const bool replace = settings.replace;
    for (std::uint64_t left = settings.operations; left > 1;) {
        Draw draw = random.draw();
        Block<kChecks>& block = first[draw.below(slots)];
        if (block.held()) {
            block.release();
            --left;
            if (!replace) continue;
        }
        block.acquire(sizes.pick(draw), left);
        --left;
    }
}

template <Checks kChecks>
void run(const Settings& settings) {
    MappedArray<Block<kChecks>> blocks(settings.slots);
    Random random(settings.seed);
    for (std::uint32_t slot = 0; slot < settings.slots; slot += settings.replace ? 1 : 2) {
        Draw draw = random.draw();
        blocks[slot].acquire(settings.sizes.pick(draw), 0);
    }
    // Larson's warm-up, so that blocks are not in the order of the slots.
    Settings warm_up = settings;
    warm_up.operations = std::uint64_t{8} * settings.slots;
    operate<kChecks>(blocks, warm_up, Random(settings.seed + 1));

    const bench::Stopwatch stopwatch;
    operate<kChecks>(blocks, settings, random);
    const double seconds = stopwatch.seconds();
    bench::print_throughput(settings.operations, seconds);
}

// Calls run() with the checks in `bits`.
template <unsigned kBits = 0>
void run_with(unsigned bits, const Settings& settings) {
    if constexpr (kBits < 16) {
        if (bits != kBits) return run_with<kBits + 1>(bits, settings);
        run<Checks{(kBits & 1) != 0, (kBits & 2) != 0, (kBits & 4) != 0, (kBits & 8) != 0}>(settings);
    }
}

} // namespace

int main(int count, char** arguments) {
    std::array options{bench::Option{"--live", nullptr, true}, bench::Option{"--canary", nullptr, true},
                       bench::Option{"--poison", nullptr, true}, bench::Option{"--delay"},
                       bench::Option{"--replace", nullptr, true}};
    const CommandLine line(count, arguments, kUsage, options);
    line.expect_between(4, 4);
    const Settings settings{
        .operations = line.integer(0, "operations", 2, std::uint64_t{1} << 60),
        .sizes = line.range(1, "size"),
        .seed = line.integer(2, "seed", 0, UINT64_MAX),
        .slots = line.integer<std::uint32_t>(3, "slots", 1, 1U << 30),
        .replace = options[4].value != nullptr,
    };
    unsigned bits = 0;
    for (unsigned i = 0; i < 4; ++i)
        bits |= (options[i].value != nullptr ? 1U : 0U) << i;
    most_delayed = static_cast<std::uint32_t>(line.integer_or(1, options[3], 1, kMostDelayed));
    guard::secret.prepare();
    order.start(guard::new_seed());
    run_with(bits, settings);
    return 0;
}
