// SPDX-License-Identifier: MIT
#include "suite/workloads.h"

#include "suite/program.h"

#include <algorithm>
#include <fmt/format.h>
#include <stdexcept>

namespace ashlar::suite {

namespace {

using compare::Configuration;

using Configurations = std::vector<Configuration>;
using Arguments = std::vector<std::string>;

std::string with_threads(const std::string& name, unsigned threads) {
    return fmt::format("{}, {} thread{}", name, threads, threads == 1 ? "" : "s");
}

std::vector<unsigned> threads_or(const Settings& settings, const std::vector<unsigned>& usual) {
    return settings.threads.empty() ? usual : settings.threads;
}

// Scales a workload that takes `usual` operations when random_mixed takes kUsualOperations.
std::uint64_t scaled(const Settings& settings, std::uint64_t usual) {
    return std::max<std::uint64_t>(usual * settings.operations / kUsualOperations, 1);
}

// Returns one configuration per number of threads, for a workload that is bounded by work. `operations` is
// its number of operations. `arguments` makes the command line, without the program, for a number of threads.
template <typename MakeArguments>
Configurations bounded_by_work(const Settings& settings, const std::string& workload, const std::string& name,
                               const std::vector<unsigned>& usual_threads, std::optional<double> operations,
                               const MakeArguments& arguments) {
    Configurations result;
    for (const unsigned threads : threads_or(settings, usual_threads)) {
        Configuration configuration{.name = with_threads(name, threads),
                                    .group = name,
                                    .command = arguments(threads),
                                    .threads = threads,
                                    .operations = operations};
        configuration.command.insert(configuration.command.begin(), program(workload));
        result.push_back(std::move(configuration));
    }
    return result;
}

// The sizes of 8 to 1000 bytes, 5000 blocks a thread and 100 rounds are those of published results.
Configurations larson(const Settings& settings) {
    Configurations result;
    for (const unsigned threads : threads_or(settings, {1, 2, 4, 8})) {
        result.push_back({
            .name = with_threads("larson", threads),
            .group = "larson",
            .command = {program("larson"), fmt::format("{}", settings.seconds), "8", "1000", "5000", "100",
                        std::to_string(settings.seed), std::to_string(threads)},
            .threads = threads,
            .operations = std::nullopt,
            .seconds = settings.seconds,
        });
    }
    return result;
}

Configurations random_mixed(const Settings& settings) {
    Configurations result;
    for (const std::string& size : settings.sizes) {
        result.push_back({
            .name = fmt::format("random_mixed, {} B", size),
            .group = "random_mixed",
            .command = {program("random_mixed"), std::to_string(settings.operations), size,
                        std::to_string(settings.seed)},
            .threads = 1,
            .operations = static_cast<double>(settings.operations),
            .seconds = std::nullopt,
        });
    }
    return result;
}

// Skips the drain: after seconds of idleness there are no live bytes to compare RSS with.
Configurations fragmentation(const Settings& settings) {
    return {{
        .name = fmt::format("fragmentation, {} MiB", settings.scale_mib),
        .group = "fragmentation",
        .command = {program("fragmentation"), std::to_string(settings.seed), "--scale",
                    std::to_string(settings.scale_mib), "--drain", "0"},
        .threads = 1,
        .most_rounds = settings.long_rounds,
    }};
}

Configurations long_run(const Settings& settings) {
    constexpr unsigned kThreads = 2;
    return {{
        .name = fmt::format("long_run, {} s, {} threads", settings.long_seconds, kThreads),
        .group = "long_run",
        .command = {program("long_run"), fmt::format("{}", settings.long_seconds), std::to_string(kThreads),
                    std::to_string(settings.seed)},
        .threads = kThreads,
        .seconds = settings.long_seconds,
        .most_rounds = settings.long_rounds,
    }};
}

// Half the threads produce and half consume. An odd number is rounded down.
Configurations producer_consumer(const Settings& settings) {
    const std::uint64_t operations = scaled(settings, 4'000'000);
    return bounded_by_work(settings, "producer_consumer", "producer_consumer", {2, 4},
                           static_cast<double>(operations), [&](unsigned threads) -> Arguments {
                               return {std::to_string(operations), "16-1k", std::to_string(settings.seed),
                                       std::to_string(std::max(threads / 2, 1U))};
                           });
}

Configurations hand_over(const Settings& settings) {
    const std::uint64_t operations = scaled(settings, 1'000'000);
    return bounded_by_work(settings, "hand_over", "hand_over", {2}, static_cast<double>(operations),
                           [&](unsigned threads) -> Arguments {
                               return {std::to_string(operations), "16-16k", std::to_string(settings.seed),
                                       std::to_string(std::max(threads / 2, 1U))};
                           });
}

Configurations successors(const Settings& settings) {
    return bounded_by_work(settings, "successors", "successors", {2}, std::nullopt,
                           [&](unsigned threads) -> Arguments {
                               return {std::to_string(scaled(settings, 10)), std::to_string(settings.seed),
                                       std::to_string(threads)};
                           });
}

// thread_waves and cross_frees test more threads than processors.
Configurations thread_waves(const Settings& settings) {
    return bounded_by_work(settings, "thread_waves", "thread_waves", {8}, std::nullopt,
                           [&](unsigned threads) -> Arguments {
                               return {std::to_string(scaled(settings, 10)), std::to_string(settings.seed),
                                       std::to_string(threads)};
                           });
}

Configurations cross_frees(const Settings& settings) {
    const std::uint64_t operations = scaled(settings, 1'000'000);
    return bounded_by_work(settings, "cross_frees", "cross_frees", {8}, static_cast<double>(operations),
                           [&](unsigned threads) -> Arguments {
                               return {std::to_string(operations), "8-16k", std::to_string(settings.seed),
                                       std::to_string(threads)};
                           });
}

Configurations short_threads(const Settings& settings) {
    constexpr std::uint64_t kOperationsPerThread = 200;
    const std::uint64_t total = scaled(settings, 5'000);
    return bounded_by_work(
        settings, "short_threads", "short_threads", {1, 2}, static_cast<double>(total * kOperationsPerThread),
        [&](unsigned threads) -> Arguments {
            return {std::to_string(total), "16-1k", std::to_string(settings.seed), std::to_string(threads)};
        });
}

Configurations grow_vectors(const Settings& settings) {
    const std::uint64_t operations = scaled(settings, 1'000'000);
    return bounded_by_work(settings, "grow_vectors", "grow_vectors", {1, 2}, static_cast<double>(operations),
                           [&](unsigned threads) -> Arguments {
                               return {std::to_string(operations), "64-16k", std::to_string(settings.seed),
                                       std::to_string(threads)};
                           });
}

Configurations mixed_lifetimes(const Settings& settings) {
    const std::uint64_t operations = scaled(settings, 4'000'000);
    return bounded_by_work(settings, "mixed_lifetimes", "mixed_lifetimes", {1, 2},
                           static_cast<double>(operations), [&](unsigned threads) -> Arguments {
                               return {std::to_string(operations), std::to_string(settings.seed),
                                       std::to_string(threads), "--live", std::to_string(settings.scale_mib)};
                           });
}

Configurations batches(const Settings& settings) {
    Configurations result;
    const std::uint64_t operations = scaled(settings, 4'000'000);
    for (const char* const order : {"fifo", "lifo"}) {
        const auto added = bounded_by_work(
            settings, "batches", fmt::format("batches {}", order), {1, 2}, static_cast<double>(operations),
            [&](unsigned threads) -> Arguments {
                return {std::to_string(operations), "16-1k", std::to_string(settings.seed), order, "10000",
                        std::to_string(threads)};
            });
        result.insert(result.end(), added.begin(), added.end());
    }
    return result;
}

Configurations replace_large(const Settings& settings) {
    const std::uint64_t steps = scaled(settings, 50);
    return {{
        .name = "replace_large, 5 to 25 MiB",
        .group = "replace_large",
        .command = {program("replace_large"), std::to_string(steps), "5m-25m", std::to_string(settings.seed)},
        .threads = 1,
        .operations = 2 * static_cast<double>(steps),
    }};
}

Configurations drain(const Settings& settings) {
    constexpr double kSeconds = 1;
    return {{
        .name = fmt::format("drain, KiB left {} s after {} MiB", kSeconds, settings.scale_mib),
        .group = "drain",
        .command = {program("drain"), std::to_string(settings.scale_mib), "1k", "--seconds",
                    fmt::format("{}", kSeconds)},
        .threads = 1,
        .most_rounds = settings.long_rounds,
        .prints = compare::Prints::kAnything,
        .own_figure = compare::OwnFigure{.pattern = "RSS = ([0-9]+) KiB after", .less_is_better = true},
    }};
}

Configurations strings_and_maps(const Settings& settings) {
    const std::uint64_t operations = scaled(settings, 250'000);
    return bounded_by_work(
        settings, "strings_and_maps", "strings_and_maps", {1, 2}, static_cast<double>(operations),
        [&](unsigned threads) -> Arguments {
            return {std::to_string(operations), std::to_string(settings.seed), std::to_string(threads)};
        });
}

// Reports no operations: reading the clock takes as long as the calls, so the throughput means nothing.
Configurations latency(const Settings& settings) {
    return bounded_by_work(settings, "latency", "latency", {1, 2}, std::nullopt,
                           [&](unsigned threads) -> Arguments {
                               return {std::to_string(scaled(settings, 2'000'000)), "16-4k",
                                       std::to_string(settings.seed), std::to_string(threads)};
                           });
}

Configurations swapped_batches(const Settings& settings) {
    const std::uint64_t operations = scaled(settings, 40'000'000);
    return bounded_by_work(settings, "swapped_batches", "swapped_batches", {2},
                           static_cast<double>(operations), [&](unsigned threads) -> Arguments {
                               return {std::to_string(operations), "64", std::to_string(settings.seed),
                                       "10000", std::to_string(threads)};
                           });
}

Configurations large_batches(const Settings& settings) {
    const std::uint64_t operations = scaled(settings, 100'000);
    return bounded_by_work(
        settings, "large_batches", "large_batches", {1, 2}, static_cast<double>(operations),
        [&](unsigned threads) -> Arguments {
            return {std::to_string(operations), std::to_string(settings.seed), "32", std::to_string(threads)};
        });
}

Configurations production_sizes(const Settings& settings) {
    Configurations result;
    const std::uint64_t operations = scaled(settings, 2'000'000);
    for (const char* const profile : {"fleet", "cache"}) {
        const auto added =
            bounded_by_work(settings, "production_sizes", fmt::format("production_sizes {}", profile), {1, 2},
                            static_cast<double>(operations), [&](unsigned threads) -> Arguments {
                                return {std::to_string(operations), profile, std::to_string(settings.seed),
                                        std::to_string(threads)};
                            });
        result.insert(result.end(), added.begin(), added.end());
    }
    return result;
}

Configurations phases_of_sizes(const Settings& settings) {
    Configurations result;
    const std::uint64_t operations = scaled(settings, 8'000'000);
    for (const char* const order : {"fresh", "after"}) {
        result.push_back({
            .name = fmt::format("phases_of_sizes, {}, ns a pair", order),
            .group = fmt::format("phases_of_sizes {}", order),
            .command = {program("phases_of_sizes"), std::to_string(operations), std::to_string(settings.seed),
                        order},
            .threads = 1,
            .prints = compare::Prints::kAnything,
            .own_figure = compare::OwnFigure{.pattern = "pair = ([0-9.]+) ns", .less_is_better = true},
        });
    }
    return result;
}

// The two sizes show whether the time depends on the heap's size. scripts/measure/economy.sh runs 32 GiB.
Configurations page_map_scan(const Settings& /*settings*/) {
    Configurations result;
    for (const unsigned gib : {1U, 8U}) {
        result.push_back({
            .name = fmt::format("page_map_scan, {} GiB, ns a malloc", gib),
            .group = "page_map_scan",
            .command = {program("page_map_scan"), std::to_string(gib << 10)},
            .threads = 1,
            .prints = compare::Prints::kAnything,
            .own_figure = compare::OwnFigure{.pattern = "malloc = ([0-9.]+) ns", .less_is_better = true},
        });
    }
    return result;
}

Configurations idle_threads(const Settings& settings) {
    const unsigned threads = settings.threads.empty() ? 300 : settings.threads.front();
    return {{
        .name = fmt::format("idle_threads, {}, KiB a thread", threads),
        .group = "idle_threads",
        .command = {program("idle_threads"), std::to_string(threads), "--seconds", "0"},
        .threads = threads,
        .most_rounds = settings.long_rounds,
        .prints = compare::Prints::kAnything,
        .own_figure = compare::OwnFigure{.pattern = "RSS = ([0-9.]+) KiB per thread", .less_is_better = true},
    }};
}

Configurations purge_pause(const Settings& settings) {
    constexpr unsigned kTurns = 900; // three seconds; memory is returned only after one second
    return {{
        .name = fmt::format("purge_pause, {} MiB, worst call in us", settings.scale_mib),
        .group = "purge_pause",
        .command = {program("purge_pause"), std::to_string(settings.scale_mib), std::to_string(kTurns),
                    std::to_string(settings.seed)},
        .threads = 1,
        .most_rounds = settings.long_rounds,
        .prints = compare::Prints::kAnything,
        .own_figure = compare::OwnFigure{.pattern = "Worst call = ([0-9.]+) us", .less_is_better = true},
    }};
}

struct Entry {
    Workload workload;
    Configurations (*configurations)(const Settings&);
};

const std::vector<Entry>& entries() {
    static const std::vector<Entry> list{
        {{.name = "larson",
          .about = "a server: blocks outlive the threads that allocated them",
          .usual = true},
         larson},
        {{.name = "random_mixed", .about = "one thread, random slots, one size", .usual = true},
         random_mixed},
        {{.name = "fragmentation",
          .about = "RSS per live byte in four loads that strand memory",
          .usual = true},
         fragmentation},
        {{.name = "long_run", .about = "one load kept up: what slows down or grows", .usual = true},
         long_run},
        {{.name = "producer_consumer", .about = "some threads allocate, others release", .usual = false},
         producer_consumer},
        {{.name = "hand_over", .about = "pairs that give each other blocks, and reallocate", .usual = false},
         hand_over},
        {{.name = "successors", .about = "threads that end and leave blocks of all sizes", .usual = false},
         successors},
        {{.name = "thread_waves", .about = "threads that all end before the next start", .usual = false},
         thread_waves},
        {{.name = "cross_frees", .about = "threads that release each other's blocks", .usual = false},
         cross_frees},
        {{.name = "short_threads", .about = "a thread for every hundred blocks", .usual = false},
         short_threads},
        {{.name = "grow_vectors", .about = "a thousand vectors that grow by realloc", .usual = false},
         grow_vectors},
        {{.name = "mixed_lifetimes", .about = "a large live set under short-lived blocks", .usual = false},
         mixed_lifetimes},
        {{.name = "batches", .about = "long batches, released oldest or newest first", .usual = false},
         batches},
        {{.name = "swapped_batches", .about = "threads that release each other's batches", .usual = false},
         swapped_batches},
        {{.name = "production_sizes", .about = "sizes as production programs have them", .usual = false},
         production_sizes},
        {{.name = "phases_of_sizes", .about = "one size, fresh or after many others", .usual = false},
         phases_of_sizes},
        {{.name = "large_batches", .about = "batches of blocks of 64 KiB to 4 MiB", .usual = false},
         large_batches},
        {{.name = "page_map_scan",
          .about = "room for 320 KiB in a heap full of smaller holes",
          .usual = false},
         page_map_scan},
        {{.name = "replace_large", .about = "blocks of 5 to 25 MiB that replace each other", .usual = false},
         replace_large},
        {{.name = "drain", .about = "what is left of a peak after idling", .usual = false}, drain},
        {{.name = "idle_threads", .about = "what caches of idle threads keep", .usual = false}, idle_threads},
        {{.name = "purge_pause", .about = "the worst call while memory is given back", .usual = false},
         purge_pause},
        {{.name = "strings_and_maps", .about = "containers of the C++ library", .usual = false},
         strings_and_maps},
        {{.name = "latency", .about = "percentiles of single calls, in a pass of its own", .usual = false},
         latency},
    };
    return list;
}

} // namespace

std::vector<Workload> workloads() {
    std::vector<Workload> result;
    for (const Entry& entry : entries()) {
        result.push_back(entry.workload);
    }
    return result;
}

std::vector<Configuration> configurations(const std::string& workload, const Settings& settings) {
    const auto found = std::find_if(entries().begin(), entries().end(),
                                    [&](const Entry& each) { return each.workload.name == workload; });
    if (found == entries().end()) {
        throw std::runtime_error(fmt::format("no workload is called '{}'", workload));
    }
    return found->configurations(settings);
}

} // namespace ashlar::suite
