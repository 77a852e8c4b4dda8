// SPDX-License-Identifier: MIT
//
// Searches the schedules of a scenario, or replays one.
//
// usage: schedules SCENARIO [--preemptions N] [--random N] [--seed N] [--bug]
//        schedules SCENARIO --replay SCHEDULE
//        schedules --list
//
//   --preemptions N   search all schedules with at most N preemptions (default: the scenario's)
//   --random N        then N random schedules (default 200)
//   --seed N          seed of these (default 1)
//   --bug             a schedule must fail, and must fail again when it is replayed
//
// Prints a failing schedule: which actor ran up to which place, and the argument of --replay that repeats it.
#include "scenarios.h"
#include "search.h"

#include <array>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <string>
#include <string_view>
#include <sys/resource.h>
#include <unistd.h>

extern "C" const char __executable_start; // defined by the linker

namespace {

using namespace schedules; // NOLINT(google-build-using-namespace): this file is their command

struct Options {
    std::string_view scenario;
    long preemptions = -1;
    std::uint64_t random = 200;
    std::uint64_t seed = 1;
    std::string_view replay;
    bool bug = false;
};

[[noreturn]] void complain(const char* argument, const char* what) {
    std::fprintf(stderr, "schedules: %s %s\n", argument, what);
    std::exit(2);
}

std::uint64_t number_of(const char* option, const char* text) {
    char* end = nullptr;
    const std::uint64_t number = text == nullptr ? 0 : std::strtoull(text, &end, 10);
    if (end == nullptr || end == text || *end != '\0') complain(option, "needs a number");
    return number;
}

Options parse(char** arguments) {
    Options options;
    while (*++arguments != nullptr) {
        const std::string_view name = *arguments;
        if (name == "--bug") {
            options.bug = true;
        } else if (name == "--list") {
            for (const Scenario& scenario : scenarios())
                std::printf("%.*s\n", static_cast<int>(scenario.name.size()), scenario.name.data());
            std::exit(0);
        } else if (!name.starts_with("--")) {
            options.scenario = name;
        } else if (arguments[1] == nullptr) {
            complain(*arguments, "is not known, or needs a value");
        } else if (name == "--replay") {
            options.replay = *++arguments;
        } else if (name == "--preemptions") {
            options.preemptions = static_cast<long>(number_of("--preemptions", *++arguments));
        } else if (name == "--random") {
            options.random = number_of("--random", *++arguments);
        } else if (name == "--seed") {
            options.seed = number_of("--seed", *++arguments);
        } else {
            complain(*arguments, "is not known");
        }
    }
    return options;
}

const Scenario& scenario_named(std::string_view name) {
    for (const Scenario& scenario : scenarios()) {
        if (scenario.name == name) return scenario;
    }
    complain(std::string(name).c_str(), "is no scenario; --list names them");
}

// Returns function, file and line of `place`, and the functions that it was inlined into, from binutils. For
// the standard library and locks it names only the callers. Empty without binutils or for no place.
std::string describe(Place place) {
    std::array<char, PATH_MAX> program{};
    if (place == nullptr || ::readlink("/proc/self/exe", program.data(), program.size() - 1) <= 0) return {};
    const auto offset = static_cast<std::size_t>(static_cast<const char*>(place) - &__executable_start) - 1;
    std::array<char, PATH_MAX + 100> command{};
    std::snprintf(command.data(), command.size(), "addr2line -C -f -p -i -s -e '%s' %#zx 2>/dev/null",
                  program.data(), offset);
    std::FILE* const output = ::popen(command.data(), "r");
    if (output == nullptr) return {};
    std::string text;
    std::array<char, 1000> buffer{};
    while (std::fgets(buffer.data(), static_cast<int>(buffer.size()), output) != nullptr) {
        std::string_view line = buffer.data();
        for (const std::string_view prefix : {" (inlined by) ", "ashlar::"})
            if (line.starts_with(prefix)) line.remove_prefix(prefix.size());
        if (line.starts_with("std::") || line.starts_with("os::Mutex") || line.starts_with("os::Guard"))
            continue;
        if (line.ends_with('\n')) line.remove_suffix(1);
        text.append(text.empty() ? "in " : ", in ").append(line);
    }
    ::pclose(output);
    return text;
}

void print(const Scenario& scenario, const Failure& failure) {
    std::printf("FAILED: %s\n", failure.why.c_str());
    for (const Place place : failure.at)
        std::printf("  one %s\n", describe(place).c_str());
    std::printf("The schedule:\n");
    for (const Decision& decision : failure.decisions) {
        if (decision.chosen == decision.actor && !decision.stopped) continue;
        if (decision.actor == kNobody) {
            std::printf("  actor %u begins\n", decision.chosen);
            continue;
        }
        std::printf("  actor %u %s at step %u %s\n  actor %u goes on\n", decision.actor,
                    decision.stopped ? "stops" : "is preempted", decision.step,
                    describe(decision.place).c_str(), decision.chosen);
    }
    std::printf("To see it again: schedules %.*s --replay %s\n", static_cast<int>(scenario.name.size()),
                scenario.name.data(), text_of(failure.turns()).c_str());
}

int search(const Scenario& scenario, const Options& options) {
    Search search(scenario);
    const unsigned preemptions =
        options.preemptions < 0 ? scenario.preemptions : static_cast<unsigned>(options.preemptions);
    std::optional<Failure> failure = search.exhaust(preemptions);
    const auto explored = static_cast<unsigned long long>(search.explored());
    if (!failure) {
        std::printf("%llu schedules with at most %u preemptions, %zu words watched: nothing found\n",
                    explored, preemptions, search.watched());
        failure = search.wander(options.random, options.seed);
        if (!failure) {
            std::printf("%llu schedules by chance from seed %llu: nothing found\n",
                        static_cast<unsigned long long>(search.explored()),
                        static_cast<unsigned long long>(options.seed));
            return options.bug ? 1 : 0;
        }
    }
    print(scenario, *failure);
    if (!options.bug) return 1;
    const std::optional<Failure> again = search.replay(turns_of(text_of(failure->turns())));
    if (again && again->why == failure->why) return 0;
    std::printf("FAILED: the same schedule, replayed: %s\n", again ? again->why.c_str() : "nothing wrong");
    return 1;
}

int replay(const Scenario& scenario, std::string_view text) {
    const std::vector<Turn> turns = turns_of(text);
    if (turns.empty()) complain(std::string(text).c_str(), "is no schedule");
    Search search(scenario);
    const std::optional<Failure> failure = search.replay(turns);
    if (failure) print(scenario, *failure);
    if (!failure) std::puts("nothing wrong");
    return failure ? 1 : 0;
}

} // namespace

int main(int /*count*/, char** arguments) {
    const rlimit no_core{0, 0};
    ::setrlimit(RLIMIT_CORE, &no_core);
    const Options options = parse(arguments);
    const Scenario& scenario = scenario_named(options.scenario);
    try {
        return options.replay.empty() ? search(scenario, options) : replay(scenario, options.replay);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "schedules: %s\n", error.what());
        return 2;
    }
}
