// SPDX-License-Identifier: MIT
//
// A seeded random sequence over the whole interface, checked against the model. Threads swap blocks, so that
// each resizes and releases what others allocated.
//
// usage: model [--threads N] [--operations N] [--seconds N] [--seed N] [--whole-every N] [--patience N]
//              [--no-shadow] [--settings] [--hang] [--expect-ashlar]
//
//   --operations   of all threads together; --seconds ends it earlier
//   --whole-every  one in N blocks above 256 bytes is stamped as a whole, of the others both ends and a word
//                  every 64 KiB; 1 unless given
//   --patience     seconds without an operation after which the run counts as hung
//   --settings     changes the settings that may change at run time, now and then
//   --hang         stops one thread for ever half-way, to see that this is found
#include "model.h"

#include "arguments.h"
#include "build_kind.h"
#include "watch.h"

#include <array>
#include <random>
#include <thread>

namespace {

using namespace stress;

// Where threads leave blocks for each other.
struct Exchange {
    std::mutex mutex;
    Block block;
};
using Exchanges = std::array<Exchange, 64>;

struct Plan {
    std::uint64_t threads;
    std::uint64_t operations; // of each thread
    std::size_t slots;        // likewise
    std::uint64_t whole_every;
    bool settings;
    bool hang;
};

constexpr unsigned kRarely = 1 << 14; // one operation in so many

std::size_t impossible_size(Random& random) {
    // A sanitizer warns of each that reaches its malloc, the fallback; those above PTRDIFF_MAX do not.
    return random.next() | std::size_t{1} << (kSanitized || random.chance(50) ? 63 : 47);
}

std::size_t any_alignment(Random& random) {
    if (random.chance(2)) return random.next(); // a bad one, most likely
    return std::size_t{1} << random.below(random.chance(95) ? 13 : 21);
}

Call any_call_that_allocates(Random& random) {
    const std::size_t kind = random.below(100);
    if (kind < 50) return Call::kMalloc;
    if (kind < 65) return Call::kCalloc;
    if (kind < 70) return Call::kRealloc; // of null
    constexpr Call kAligned[] = {Call::kAlignedAlloc, Call::kMemalign, Call::kPosixMemalign, Call::kValloc,
                                 Call::kPvalloc};
    return kAligned[random.below(std::size(kAligned))];
}

Call any_call(Random& random, const Plan& plan, bool in_use) {
    if (random.below(kRarely) == 0) return Call::kTrim;
    if (plan.threads == 1 && random.below(kRarely) == 0) return Call::kStatistics;
    if (plan.settings && random.below(kRarely) == 0) return Call::kControl;
    if (!in_use) return any_call_that_allocates(random);
    const std::size_t kind = random.below(100);
    if (kind < 15) return Call::kRealloc;
    if (kind < 30) return Call::kReallocarray;
    if (kind < 35) return Call::kCheck;
    return kind < 55 ? Call::kFreeSized : Call::kFree;
}

Operation any_operation(Random& random, const Plan& plan, const Model& model, std::size_t slot) {
    const Block& block = model.block(slot);
    Operation operation;
    operation.slot = slot;
    operation.call = any_call(random, plan, block.address != nullptr);
    operation.size = any_size(random);
    switch (operation.call) {
    case Call::kRealloc:
    case Call::kReallocarray:
        if (random.chance(40)) operation.size = random.below(block.usable + 1);
        break;
    case Call::kAlignedAlloc:
    case Call::kMemalign:
    case Call::kPosixMemalign:
        operation.alignment = any_alignment(random);
        break;
    case Call::kTrim:
        operation.size = random.below(1 << 20);
        return operation;
    case Call::kControl:
        operation.size = random.below(std::size(kSettings));
        return operation;
    default:
        break;
    }
    if (operation.call == Call::kCalloc || operation.call == Call::kReallocarray) {
        operation.count = 1 + random.below(16);
        operation.size /= operation.count;
    }
    if (random.chance(1)) operation.size = impossible_size(random);
    return operation;
}

void play(unsigned number, const Plan& plan, Model& model, Exchanges& exchanges, Watch& watch) {
    current_thread = number;
    Random random(run_seed * 1000003 + number);
    Progress& progress = watch.begin(number);
    for (current_step = 0; current_step < plan.operations && !watch.time_is_up(); current_step++) {
        const std::size_t slot = random.below(plan.slots);
        if (plan.threads > 1 && random.chance(5)) {
            Exchange& exchange = exchanges[random.below(exchanges.size())];
            const std::lock_guard lock(exchange.mutex);
            std::swap(model.block(slot), exchange.block);
        } else {
            model.perform(any_operation(random, plan, model, slot));
        }
        progress.done.store(current_step + 1, std::memory_order_relaxed);
        while (plan.hang && number == 0 && current_step >= plan.operations / 2)
            ::pause();
    }
    model.release_all();
}

} // namespace

int main(int count, char** values) {
    Arguments arguments(count, values);
    Plan plan{};
    plan.threads = std::max<std::uint64_t>(arguments.number("--threads", 1), 1);
    Watch::Limits limits{};
    limits.operations = arguments.number("--operations", scaled(200000));
    limits.seconds = arguments.number("--seconds", 0);
    limits.patience = arguments.number("--patience", 60);
    plan.operations = (limits.operations + plan.threads - 1) / plan.threads;
    plan.slots = (kSanitized ? 200 : 600) * 8 / std::max<std::size_t>(8, plan.threads);
    plan.whole_every = std::max<std::uint64_t>(arguments.number("--whole-every", 1), 1);
    plan.settings = arguments.flag("--settings");
    plan.hang = arguments.flag("--hang");
    run_seed = arguments.number("--seed", std::random_device()());
    Shadow shadow(!arguments.flag("--no-shadow"));
    if (arguments.flag("--expect-ashlar")) heap::require_ashlar();
    arguments.refuse_others();
    std::printf("model: %llu threads, %llu operations each, seed %llu\n",
                static_cast<unsigned long long>(plan.threads),
                static_cast<unsigned long long>(plan.operations), static_cast<unsigned long long>(run_seed));
    std::fflush(stdout);

    Exchanges exchanges;
    // Made here, so that their own memory comes from this thread.
    std::vector<Model> models;
    for (std::uint64_t number = 0; number < plan.threads; number++)
        models.emplace_back(shadow, plan.slots, run_seed * 2000003 + number, plan.whole_every);
    Watch watch(plan.threads, limits);
    std::vector<std::thread> running;
    for (unsigned number = 0; number < plan.threads; number++) {
        running.emplace_back([&, number] { play(number, plan, models[number], exchanges, watch); });
    }
    for (std::size_t number = 0; number < running.size(); number++) {
        running[number].join();
        watch.end(number);
    }

    // What is left is in the exchanges, and then nothing.
    Model last(shadow, exchanges.size(), run_seed, plan.whole_every);
    for (std::size_t slot = 0; slot < exchanges.size(); slot++)
        std::swap(last.block(slot), exchanges[slot].block);
    last.check_statistics();
    last.release_all();
    last.check_statistics();
    std::printf("model: %llu operations in %.1f s, %.2f M/s\n", static_cast<unsigned long long>(watch.done()),
                watch.seconds(), static_cast<double>(watch.done()) / 1e6 / watch.seconds());
}
