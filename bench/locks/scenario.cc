// SPDX-License-Identifier: MIT
// scenario: runs one lock scenario, and prints the figures of its threads. `ashlar bench locks` runs it under
// every allocator, with the parameters in scenarios.toml.
#include "locks/scenario.h"

#include "locks/report.h"
#include "support/command_line.h"

#include <algorithm>
#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <cstring>

namespace bench::locks {

namespace {

std::vector<Scenario>& list() {
    static std::vector<Scenario> scenarios;
    return scenarios;
}

std::string usage() {
    std::string text = "usage: scenario --type TYPE [--threads N] [OPTION]... [--json FILE]\n\ntypes:\n";
    for (const Scenario& scenario : scenarios()) {
        text += std::string("  ") + scenario.type + std::string(20 - std::strlen(scenario.type), ' ') +
                scenario.about + "\n";
    }
    text += "\noptions, each with a whole number:\n";
    for (const ParameterFacts& parameter : kParameters) {
        const Parameters usual;
        text += std::string("  ") + parameter.option + std::string(24 - std::strlen(parameter.option), ' ') +
                parameter.about + " (" + std::to_string(usual.*parameter.value) + ")\n";
    }
    text += "\n  --json FILE             Exact counts of each lock; - for the standard output, in place of "
            "the text\n"
            "  --types                 Print the types, one a line, each with the keys that it alone takes\n"
            "\nExit status: 0, 1 if the run found an error, 2 for wrong arguments.\n";
    return text;
}

void print_types() {
    for (const Scenario& scenario : scenarios()) {
        std::printf("%s", scenario.type);
        for (const char* const key : scenario.own_parameters) {
            std::printf(" %s", key);
        }
        std::printf("\n");
    }
}

// The program's options, and their places.
struct Options {
    static constexpr std::size_t kType = 0;
    static constexpr std::size_t kJson = 1;
    static constexpr std::size_t kTypes = 2;
    static constexpr std::size_t kFirstParameter = 3;

    Options() {
        all[kType] = {.name = "--type"};
        all[kJson] = {.name = "--json"};
        all[kTypes] = {.name = "--types", .is_switch = true};
        for (std::size_t index = 0; index < kParameters.size(); ++index) {
            all[kFirstParameter + index] = {.name = kParameters[index].option};
        }
    }

    std::array<Option, kFirstParameter + kParameters.size()> all{};
};

const Scenario& find(const char* type, const std::string& help) {
    if (type == nullptr) {
        fail(kBadArguments, "--type is missing: which scenario?\n%s", help.c_str());
    }
    for (const Scenario& scenario : scenarios()) {
        if (std::strcmp(scenario.type, type) == 0) {
            return scenario;
        }
    }
    fail(kBadArguments, "--type: there is no scenario '%s'; the types are listed below\n%s", type,
         help.c_str());
}

bool takes(const Scenario& scenario, const ParameterFacts& parameter) {
    const auto& own = scenario.own_parameters;
    return parameter.every_type || std::any_of(own.begin(), own.end(), [&](const char* key) {
               return std::strcmp(key, parameter.key) == 0;
           });
}

Parameters read(const CommandLine& line, const Options& options, const Scenario& scenario,
                const std::string& help) {
    Parameters parameters;
    for (std::size_t index = 0; index < kParameters.size(); ++index) {
        const ParameterFacts& parameter = kParameters[index];
        const Option& option = options.all[Options::kFirstParameter + index];
        if (option.value != nullptr && !takes(scenario, parameter)) {
            fail(kBadArguments, "%s: %s does not take it\n%s", option.name, scenario.type, help.c_str());
        }
        parameters.*parameter.value =
            line.integer_or(parameters.*parameter.value, option, parameter.least, parameter.most);
    }
    const char* const obstacle = scenario.obstacle != nullptr ? scenario.obstacle(parameters) : nullptr;
    if (obstacle != nullptr) {
        fail(kBadArguments, "%s: %s\n%s", scenario.type, obstacle, help.c_str());
    }
    return parameters;
}

// Opens the file before the run, so that a wrong name does not cost a run.
std::FILE* open_json(const char* name) {
    if (name == nullptr || std::strcmp(name, "-") == 0) {
        return name == nullptr ? nullptr : stdout;
    }
    std::FILE* const file = std::fopen(name, "we");
    if (file == nullptr) {
        fail(kBadArguments, "--json: cannot write to %s: %s\n", name, strerrordesc_np(errno));
    }
    return file;
}

void close(std::FILE* file, const char* name) {
    if (std::fflush(file) != 0 || (file != stdout && std::fclose(file) != 0)) {
        fail(kRunFailed, "cannot write to %s: %s\n", name, strerrordesc_np(errno));
    }
}

int main_of(int count, char** arguments) {
    const std::string help = usage();
    Options options;
    const CommandLine line(count, arguments, help.c_str(), options.all);
    line.expect_between(0, 0);
    if (options.all[Options::kTypes].value != nullptr) {
        print_types();
        return 0;
    }
    const Scenario& scenario = find(options.all[Options::kType].value, help);
    Run run(read(line, options, scenario, help));
    const char* const json_name = options.all[Options::kJson].value;
    std::FILE* const json = open_json(json_name);
    scenario.run(run);
    if (json != stdout) {
        print_text(stdout, scenario.type, run);
        close(stdout, "the standard output");
    }
    if (json != nullptr) {
        print_json(json, scenario.type, run);
        close(json, json_name);
    }
    return run.errors() == 0 ? 0 : kRunFailed;
}

} // namespace

const std::vector<Scenario>& scenarios() {
    std::sort(list().begin(), list().end(), [](const Scenario& left, const Scenario& right) {
        return std::strcmp(left.type, right.type) < 0;
    });
    return list();
}

Registration::Registration(Scenario scenario) {
    list().push_back(std::move(scenario));
}

} // namespace bench::locks

int main(int argc, char** argv) {
    return bench::locks::main_of(argc, argv);
}
