// SPDX-License-Identifier: MIT
#include "suite/workloads.h"

#include "machine/files.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <stdexcept>

namespace ashlar::suite {

namespace {

using compare::Configuration;

std::string program(const std::string& name) {
    const auto found = machine::find_companion(name);
    if (!found) {
        throw std::runtime_error(
            fmt::format("the program {0} is missing beside this one in {1}; build it with: "
                        "cmake --build --preset release --target {0}",
                        name, machine::program_folder().string()));
    }
    return found->string();
}

// 8 to 1000 bytes, 5000 blocks a thread and 100 rounds: the numbers that published results are made with.
std::vector<Configuration> larson(const Settings& settings) {
    std::vector<Configuration> result;
    for (const unsigned threads : settings.threads) {
        result.push_back({
            .name = fmt::format("larson, {} thread{}", threads, threads == 1 ? "" : "s"),
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

std::vector<Configuration> random_mixed(const Settings& settings) {
    std::vector<Configuration> result;
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

// Its drain is a matter of its own: what remains after seconds of idleness has no live bytes to compare with.
std::vector<Configuration> fragmentation(const Settings& settings) {
    return {{
        .name = fmt::format("fragmentation, {} MiB", settings.scale_mib),
        .group = "fragmentation",
        .command = {program("fragmentation"), std::to_string(settings.seed), "--scale",
                    std::to_string(settings.scale_mib), "--drain", "0"},
        .threads = 1,
        .most_rounds = settings.long_rounds,
    }};
}

std::vector<Configuration> long_run(const Settings& settings) {
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

struct Workload {
    const char* name;
    std::vector<Configuration> (*configurations)(const Settings&);
};

constexpr std::array kWorkloads{
    Workload{.name = "larson", .configurations = larson},
    Workload{.name = "random_mixed", .configurations = random_mixed},
    Workload{.name = "fragmentation", .configurations = fragmentation},
    Workload{.name = "long_run", .configurations = long_run},
};

} // namespace

std::vector<std::string> workload_names() {
    std::vector<std::string> names;
    names.reserve(kWorkloads.size());
    for (const Workload& workload : kWorkloads) {
        names.emplace_back(workload.name);
    }
    return names;
}

std::vector<Configuration> configurations(const std::string& workload, const Settings& settings) {
    const auto* const found = std::find_if(kWorkloads.begin(), kWorkloads.end(),
                                           [&](const Workload& each) { return each.name == workload; });
    if (found == kWorkloads.end()) {
        throw std::runtime_error(fmt::format("no workload is called '{}'", workload));
    }
    return found->configurations(settings);
}

} // namespace ashlar::suite
