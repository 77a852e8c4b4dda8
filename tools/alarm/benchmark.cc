// SPDX-License-Identifier: MIT
#include "alarm/benchmark.h"

#include "suite/program.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <set>
#include <stdexcept>

namespace ashlar::alarm {

namespace {

using Words = std::vector<std::string>;
using compare::OwnFigure;
using compare::Prints;
using suite::program;

Words command(const std::string& name, Words arguments) {
    arguments.insert(arguments.begin(), program(name));
    return arguments;
}

// Builds the table for one set of settings.
class Table {
  public:
    explicit Table(const BenchmarkSettings& settings) : settings_(settings) {}

    std::vector<Benchmark> make() {
        tiny_pairs(16);
        tiny_pairs(64);
        batches();
        hand_over();
        large_blocks();
        thread_churn();
        realloc_growth();
        start_up();
        fragmentation();
        give_back();
        phases();
        map_scan();
        for (const unsigned threads : {1U, 2U, 4U}) {
            larson(threads);
        }
        heap_profiling();
        lock_profiling();
        return std::move(table_);
    }

  private:
    std::uint64_t scaled(double usual) const {
        return std::max<std::uint64_t>(1, static_cast<std::uint64_t>(usual * settings_.scale));
    }

    void add(Benchmark benchmark) {
        benchmark.timed.group = benchmark.timed.name;
        table_.push_back(std::move(benchmark));
    }

    // Holds few blocks, so nearly every call is served by the thread cache.
    void tiny_pairs(unsigned size) {
        const std::uint64_t operations = scaled(2e7);
        const std::string bytes = std::to_string(size);
        const auto run = [&](std::uint64_t count) {
            return command("random_mixed", {std::to_string(count), bytes, "1", "8"});
        };
        add({.timed = {.name = fmt::format("pairs-{}", size),
                       .group = {},
                       .command = run(operations),
                       .operations = static_cast<double>(operations)},
             .watches = "fast path",
             .counted = {run(100'000), 100'000}});
    }

    void batches() {
        const std::uint64_t operations = scaled(3e7);
        const auto run = [&](std::uint64_t count) {
            return command("batches", {std::to_string(count), "16-1k", "1", "fifo", "2000"});
        };
        add({.timed = {.name = "batches",
                       .group = {},
                       .command = run(operations),
                       .operations = static_cast<double>(operations)},
             .watches = "refill and flush",
             .counted = {run(100'000), 100'000}});
    }

    void hand_over() {
        const std::uint64_t operations = scaled(3e6);
        add({.timed = {.name = "hand-over",
                       .group = {},
                       .command = command("hand_over", {std::to_string(operations), "16-4k", "1"}),
                       .threads = 2,
                       .operations = static_cast<double>(operations)},
             .watches = "remote return"});
    }

    void large_blocks() {
        const std::uint64_t steps = scaled(60);
        const auto run = [&](std::uint64_t count) {
            return command("replace_large", {std::to_string(count), "64k-4m", "1", "16"});
        };
        add({.timed = {.name = "large-blocks",
                       .group = {},
                       .command = run(8 * steps),
                       .operations = 16 * static_cast<double>(steps)},
             .watches = "runs and purging",
             .counted = {run(100), 200}});
    }

    void thread_churn() {
        const std::uint64_t threads = scaled(8000);
        constexpr double kOperationsPerThread = 200;
        add({.timed = {.name = "thread-churn",
                       .group = {},
                       .command = command("short_threads", {std::to_string(threads), "16-1k", "1"}),
                       .operations = kOperationsPerThread * static_cast<double>(threads)},
             .watches = "start and exit of threads"});
    }

    void realloc_growth() {
        const std::uint64_t operations = scaled(1e6);
        const auto run = [&](std::uint64_t count) {
            return command("grow_vectors", {std::to_string(count), "64-64k", "1", "1", "100"});
        };
        add({.timed = {.name = "realloc-growth",
                       .group = {},
                       .command = run(operations),
                       .operations = static_cast<double>(operations)},
             .watches = "moving pages and copies",
             .counted = {run(20'000), 20'000}});
    }

    void start_up() {
        const std::uint64_t times = scaled(150);
        const std::string loop =
            fmt::format("i=0; while [ $i -lt {} ]; do /bin/true; i=$((i+1)); done", times);
        add({.timed = {.name = "start-up",
                       .group = {},
                       .command = {"sh", "-c", loop},
                       .prints = Prints::kAnything},
             .watches = "construction",
             .counted = {{"/bin/true"}, 1}});
    }

    void fragmentation() {
        const auto run = [&](const char* mib) {
            return command("fragmentation", {"1", "--scale", mib, "--drain", "0"});
        };
        add({.timed = {.name = "fragmentation", .group = {}, .command = run("20")},
             .watches = "giving back partly used slabs",
             .counted = {run("2"), 1}});
    }

    void give_back() {
        add({.timed = {.name = "give-back",
                       .group = {},
                       .command = command("drain", {"64", "1k", "--seconds", "0.2"}),
                       .most_rounds = 6,
                       .prints = Prints::kAnything,
                       .own_figure =
                           OwnFigure{.pattern = "RSS = ([0-9]+) KiB after", .less_is_better = true}},
             .watches = "decay while idle",
             .judges_time = false});
    }

    void phases() {
        const std::uint64_t operations = scaled(3e6);
        add({.timed = {.name = "phases",
                       .group = {},
                       .command = command("phases_of_sizes", {std::to_string(operations), "1", "after"}),
                       .operations = static_cast<double>(operations)},
             .watches = "depth of caches, when sizes change"});
    }

    void map_scan() {
        add({.timed = {.name = "map-scan", .group = {}, .command = command("page_map_scan", {"1024"})},
             .watches = "search for free slices in a large heap",
             .counted = {command("page_map_scan", {"1024"}), 1}});
    }

    // Runs the benchmark of "Memory Allocation for Long-Running Server Applications" for a short time.
    void larson(unsigned threads) {
        add({.timed = larson_run(fmt::format("larson-{}", threads), threads),
             .watches = "the whole",
             .judges_memory = false});
    }

    compare::Configuration larson_run(std::string name, unsigned threads) const {
        const double seconds = 0.15 * settings_.scale;
        return {.name = std::move(name),
                .group = {},
                .command = command("larson", {fmt::format("{}", seconds), "8", "1000", "5000", "100", "1",
                                              std::to_string(threads)}),
                .threads = threads,
                .seconds = seconds};
    }

    // Profiles at the default rate.
    void heap_profiling() {
        const std::uint64_t operations = scaled(1.5e7);
        const auto run = [&](std::uint64_t count) {
            Words words{"env", fmt::format("ASHLAR_CONF=profile:512k,profile_limit:4m,profile_file:{}",
                                           settings_.scratch.string())};
            const Words rest = command("random_mixed", {std::to_string(count), "16-4k", "1"});
            words.insert(words.end(), rest.begin(), rest.end());
            return words;
        };
        add({.timed = {.name = "heap-profiling",
                       .group = {},
                       .command = run(operations),
                       .operations = static_cast<double>(operations)},
             .watches = "cost of heap samples"});
    }

    // Expects the lock profiler beside each library, with the same version in its name. The loader would
    // continue without it, and the run would be fast. Hence the check in the script.
    void lock_profiling() {
        const std::string preload = R"(locks=${LD_PRELOAD%/*}/libashlar-locks.so${LD_PRELOAD##*.so}
[ -e "$locks" ] || { echo "$locks is missing; build the target ashlar_locks" >&2; exit 127; }
LD_PRELOAD="$LD_PRELOAD $locks" exec "$@")";
        Words words{"env",   fmt::format("ASHLAR_LOCKS=file:{}", settings_.scratch.string()),
                    "sh",    "-c",
                    preload, "sh"};
        const Words rest = command("scenario", {"--type", "high_contention", "--threads", "2", "--locks", "2",
                                                "--operations", std::to_string(scaled(300'000))});
        words.insert(words.end(), rest.begin(), rest.end());
        add({.timed = {.name = "lock-profiling",
                       .group = {},
                       .command = std::move(words),
                       .threads = 2,
                       .prints = Prints::kAnything},
             .watches = "cost of the lock profiler",
             .judges_memory = false});
    }

    const BenchmarkSettings& settings_;
    std::vector<Benchmark> table_;
};

} // namespace

std::vector<Benchmark> benchmarks(const BenchmarkSettings& settings) {
    return Table(settings).make();
}

std::vector<Benchmark> only(std::vector<Benchmark> all, const std::vector<std::string>& names) {
    if (names.empty()) {
        return all;
    }
    std::set<std::string> wanted(names.begin(), names.end());
    std::vector<std::string> known;
    known.reserve(all.size());
    for (const Benchmark& each : all) {
        known.push_back(each.timed.name);
    }
    for (const std::string& name : wanted) {
        if (std::find(known.begin(), known.end(), name) == known.end()) {
            throw std::invalid_argument(fmt::format("--only: no benchmark is called '{}'; there are {}", name,
                                                    fmt::join(known, ", ")));
        }
    }
    std::erase_if(all, [&](const Benchmark& each) { return !wanted.contains(each.timed.name); });
    return all;
}

} // namespace ashlar::alarm
