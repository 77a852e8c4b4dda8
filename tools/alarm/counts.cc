// SPDX-License-Identifier: MIT
#include "alarm/counts.h"

#include "machine/program_search.h"
#include "measure/child.h"

#include <fmt/format.h>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

namespace ashlar::alarm {

namespace {

using std::filesystem::path;

constexpr double kTimeLimitSeconds = 60; // on a quick machine

bool is_ours(const std::string& object) {
    return path(object).filename().string().starts_with("libashlar");
}

// Returns an empty text if the tool succeeded.
std::string trouble_of(const measure::Run& run, const char* tool) {
    if (run.succeeded()) {
        return "";
    }
    return fmt::format("{}: {}: {}", tool, measure::describe_ending(run), measure::last_line(run.errors));
}

std::string missing(const char* tool) {
    return machine::find_program(tool).error == 0
               ? ""
               : fmt::format("{0} is not installed; scripts/setup.sh installs it", tool);
}

measure::Run run_tool(std::vector<std::string> words, const CountedRun& counted,
                      const std::vector<std::string>& environment, const std::string& preload,
                      const CountingSettings& settings) {
    words.insert(words.end(), counted.command.begin(), counted.command.end());
    return measure::run({.arguments = std::move(words), .preload = preload, .environment = environment},
                        {.time_limit = std::chrono::milliseconds(
                             static_cast<long>(kTimeLimitSeconds * 1000 * settings.slowness)),
                         .interrupt = settings.interrupt});
}

std::string count_instructions(const CountedRun& run, const std::string& preload,
                               const CountingSettings& settings, Counts& counts) {
    const path file = settings.scratch / "callgrind.out";
    std::error_code ignored;
    std::filesystem::remove(file, ignored);
    std::string trouble = trouble_of(run_tool({"valgrind", "--tool=callgrind", "--trace-children=no",
                                               "--callgrind-out-file=" + file.string()},
                                              run, {}, preload, settings),
                                     "valgrind");
    if (!trouble.empty()) {
        return trouble;
    }
    std::ifstream in(file);
    counts.instructions = read_callgrind(in, is_ours);
    return counts.instructions.empty() ? "valgrind saw no function of the library" : "";
}

std::string count_system_calls(const CountedRun& run, const std::string& preload,
                               const CountingSettings& settings, Counts& counts) {
    const path file = settings.scratch / "strace.out";
    std::string trouble =
        trouble_of(run_tool({"strace", "-f", "-c", "-o", file.string(), "-E", "LD_PRELOAD=" + preload}, run,
                            {}, "", settings),
                   "strace");
    if (!trouble.empty()) {
        return trouble;
    }
    std::ifstream in(file);
    counts.system_calls = read_strace(in);
    return counts.system_calls.empty() ? "strace saw no system call" : "";
}

std::string read_statistics(const CountedRun& run, const std::string& preload,
                            const CountingSettings& settings, Counts& counts) {
    const path file = settings.scratch / "statistics.json";
    std::error_code ignored;
    std::filesystem::remove(file, ignored);
    std::string trouble =
        trouble_of(run_tool({}, run, {"ASHLAR_CONF=stats_at_exit:" + file.string()}, preload, settings),
                   run.command.front().c_str());
    if (!trouble.empty()) {
        return trouble;
    }
    std::ifstream in(file);
    const auto json = nlohmann::json::parse(in, nullptr, false);
    if (json.is_discarded() || !json.contains("process")) {
        return ""; // an older library, or another allocator: none of these figures is judged
    }
    for (const CountedStatistic& each : kStatistics) {
        const auto& process = json["process"];
        if (process.contains(each.key) && process[each.key].is_number_unsigned()) {
            counts.statistics[each.key] = process[each.key];
        }
    }
    return "";
}

} // namespace

SystemCalls read_strace(std::istream& in) {
    // "% time seconds usecs/call calls [errors] syscall"; the last line is the total.
    constexpr std::size_t kCallsColumn = 3;
    SystemCalls result;
    for (std::string line; std::getline(in, line);) {
        std::istringstream words(line);
        std::vector<std::string> columns;
        for (std::string word; words >> word;) {
            columns.push_back(word);
        }
        const bool is_row = columns.size() > kCallsColumn + 1 && columns.back() != "total" &&
                            columns.front().find_first_not_of("0123456789.") == std::string::npos;
        if (is_row) {
            result[columns.back()] += std::strtoull(columns[kCallsColumn].c_str(), nullptr, 10);
        }
    }
    return result;
}

std::optional<std::string> trouble_on_baseline([[maybe_unused]] const std::vector<std::string>& command,
                                               [[maybe_unused]] const std::string& library,
                                               [[maybe_unused]] const CountingSettings& settings) {
#if defined(__x86_64__)
    constexpr const char* kEmulator = "qemu-x86_64";
    if (machine::find_program(kEmulator).error == 0) {
        return trouble_of(run_tool({kEmulator, "-cpu", "qemu64", "-E", "LD_PRELOAD=" + library},
                                   {.command = command}, {}, "", settings),
                          kEmulator);
    }
#endif
    return std::nullopt;
}

Counted count(const CountedRun& run, const std::string& library, const CountingSettings& settings) {
    Counted result;
    for (const char* const tool : {"valgrind", "strace"}) {
        result.trouble = missing(tool);
        if (!result.trouble.empty()) {
            return result;
        }
    }
    const std::string preload = settings.clock + ":" + library;
    for (const auto& step : {count_instructions, count_system_calls, read_statistics}) {
        result.trouble = step(run, preload, settings, result.counts);
        if (!result.trouble.empty()) {
            return result;
        }
    }
    return result;
}

} // namespace ashlar::alarm
