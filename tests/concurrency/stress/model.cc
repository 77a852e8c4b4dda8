// SPDX-License-Identifier: MIT
//
// A seeded random sequence over the whole interface, checked against the model. Threads swap blocks, so each
// resizes and releases blocks of others.
//
// usage: model [--threads N] [--operations N] [--seconds N] [--seed N] [--whole-every N] [--patience N]
//              [--no-shadow] [--settings] [--hang] [--expect-ashlar]
//
//   --operations   Operations of all threads together. --seconds ends the run earlier.
//   --whole-every  Stamps one in N blocks above 256 bytes as a whole (default 1). Other blocks are stamped at
//                  both ends and in a word every 64 KiB.
//   --patience     Seconds without an operation that mean a hang.
//   --settings     Sometimes changes the settings that may change at run time.
//   --hang         Stops one thread for ever half-way, to test that this is found.
#include "common/model.h"

#include "common/any_operation.h"
#include "common/arguments.h"
#include "common/build_kind.h"
#include "common/watch.h"

#include <array>
#include <random>
#include <thread>

namespace {

using namespace common;

// Hands blocks over between threads.
struct Exchange {
    std::mutex mutex;
    Block block;
};
using Exchanges = std::array<Exchange, 64>;

struct Plan {
    std::uint64_t threads;
    std::uint64_t operations; // of each thread
    std::size_t slots;        // of each thread
    std::uint64_t whole_every;
    bool settings;
    bool hang;
};

constexpr unsigned kRarely = 1 << 14; // one operation in kRarely

Operation any_step(Random& random, const Plan& plan, const Model& model, std::size_t slot) {
    if (random.below(kRarely) == 0) return {.call = Call::kTrim, .size = random.below(1 << 20)};
    if (plan.threads == 1 && random.below(kRarely) == 0) return {.call = Call::kStatistics};
    if (plan.settings && random.below(kRarely) == 0) {
        return {.call = Call::kControl, .size = random.below(std::size(kSettings))};
    }
    const Block& block = model.block(slot);
    const std::size_t kind = random.below(100);
    Operation operation;
    if (block.address == nullptr) {
        operation = any_allocation(random, slot, any_size(random));
    } else if (kind < 30) {
        const std::size_t size = random.chance(40) ? random.below(block.usable + 1) : any_size(random);
        operation = any_resize(random, slot, size);
    } else if (kind < 35) {
        return {.call = Call::kCheck, .slot = slot};
    } else {
        return any_release(random, slot);
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
            model.perform(any_step(random, plan, model, slot));
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
    // Allocates the models' own memory in this thread.
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

    // Releases the remaining blocks, which are in the exchanges.
    Model last(shadow, exchanges.size(), run_seed, plan.whole_every);
    for (std::size_t slot = 0; slot < exchanges.size(); slot++)
        std::swap(last.block(slot), exchanges[slot].block);
    last.check_statistics();
    last.release_all();
    last.check_statistics();
    std::printf("model: %llu operations in %.1f s, %.2f M/s\n", static_cast<unsigned long long>(watch.done()),
                watch.seconds(), static_cast<double>(watch.done()) / 1e6 / watch.seconds());
}
