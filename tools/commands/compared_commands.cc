// SPDX-License-Identifier: MIT
#include "commands/compared_commands.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <stdexcept>

namespace ashlar::commands {

namespace {

using compare::Assignment;
using compare::Parameter;

// A command before its parameters are filled in.
struct Template {
    std::string name;
    std::vector<std::string> words;
    std::string prepare;
};

// Returns "python3 script.py", for example.
std::string text_of(const std::vector<std::string>& words) {
    std::vector<std::string> shown = words;
    shown.front() = std::filesystem::path(shown.front()).filename().string();
    return fmt::format("{}", fmt::join(shown, " "));
}

std::string cut(const std::string& name) {
    constexpr std::size_t kLongest = 40;
    return name.size() <= kLongest ? name : name.substr(0, kLongest - 3) + "...";
}

std::vector<std::string> cut_all(const std::vector<std::string>& names) {
    std::vector<std::string> result;
    result.reserve(names.size());
    std::transform(names.begin(), names.end(), std::back_inserter(result), cut);
    return result;
}

// Cuts the names where they remain distinct. Equal names get a number.
std::vector<std::string> distinct(const std::vector<std::string>& names) {
    const std::vector<std::string> all_cut = cut_all(names);
    std::vector<std::string> result;
    for (std::size_t place = 0; place < names.size(); ++place) {
        const bool is_alone = std::count(all_cut.begin(), all_cut.end(), all_cut[place]) == 1;
        const auto end = names.begin() + static_cast<std::ptrdiff_t>(place);
        const auto before = std::count(names.begin(), end, names[place]);
        result.push_back((is_alone ? all_cut[place] : names[place]) +
                         (before == 0 ? "" : fmt::format(" #{}", before + 1)));
    }
    return result;
}

// Appends parameters that the name does not contain: "make (threads = 4)".
std::string name_with(const std::string& name, const Assignment& values) {
    std::vector<std::string> hidden;
    for (const auto& [parameter, value] : values) {
        if (!compare::mentions(name, parameter)) {
            hidden.push_back(fmt::format("{} = {}", parameter, value));
        }
    }
    return compare::filled(name, values) +
           (hidden.empty() ? "" : fmt::format(" ({})", fmt::join(hidden, ", ")));
}

std::vector<Template> templates(const ComparedCommands& commands) {
    std::vector<Template> all;
    for (const std::string& line : commands.lines) {
        all.push_back({.name = line, .words = {"sh", "-c", line}, .prepare = {}});
    }
    if (!commands.words.empty()) {
        all.push_back({.name = text_of(commands.words), .words = commands.words, .prepare = {}});
    }
    if (commands.names.size() > all.size()) {
        throw std::invalid_argument(fmt::format("--command-name: there are {} names for {} commands; give a "
                                                "command one name at most",
                                                commands.names.size(), all.size()));
    }
    const std::size_t steps = commands.prepare.size();
    if (steps > 1 && steps != all.size()) {
        throw std::invalid_argument(
            fmt::format("--prepare: there are {} steps for {} commands; give one for all, or one for each",
                        steps, all.size()));
    }
    for (std::size_t place = 0; place < all.size(); ++place) {
        all[place].name = place < commands.names.size() ? commands.names[place] : all[place].name;
        all[place].prepare = steps == 0 ? "" : commands.prepare[steps == 1 ? 0 : place];
    }
    return all;
}

bool is_used(const std::string& parameter, const ComparedCommands& commands,
             const std::vector<Template>& all) {
    const auto has = [&](const std::string& text) { return compare::mentions(text, parameter); };
    return has(commands.setup) || has(commands.server) || has(commands.cleanup) ||
           std::any_of(all.begin(), all.end(), [&](const Template& each) {
               return has(each.prepare) || std::any_of(each.words.begin(), each.words.end(), has);
           });
}

std::vector<Parameter> parameters(const ComparedCommands& commands, const std::vector<Template>& all) {
    std::vector<Parameter> found;
    for (const auto& [name, values] : commands.parameters) {
        const bool is_known = std::any_of(
            found.begin(), found.end(), [&name = name](const Parameter& each) { return each.name == name; });
        if (is_known) {
            throw std::invalid_argument(
                fmt::format("--parameter-list: {} is given twice; put all its values into one list", name));
        }
        if (!is_used(name, commands, all)) {
            throw std::invalid_argument(fmt::format(
                "--parameter-list: {{{0}}} is in no command and no step; write it where a value of {0} goes",
                name));
        }
        found.push_back({.name = name, .values = compare::split_values(values)});
    }
    return found;
}

std::vector<std::string> filled(const std::vector<std::string>& words, const Assignment& values) {
    std::vector<std::string> result;
    result.reserve(words.size());
    for (const std::string& word : words) {
        result.push_back(compare::filled(word, values));
    }
    return result;
}

} // namespace

void add_command_options(CLI::App& app, ComparedCommands& commands) {
    app.add_option("command", commands.words, "What to run, with its arguments")->type_name("CMD");
    app.add_option("--command", commands.lines,
                   "A command line for the shell; repeat it to compare several commands")
        ->allow_extra_args(false)
        ->type_name("LINE");
    app.add_option("-n,--command-name", commands.names,
                   "What a command is called in the result; repeat it in the order of the commands")
        ->allow_extra_args(false)
        ->type_name("NAME");
    app.add_option("-L,--parameter-list", commands.parameters,
                   "Run every command with each of these VALUES, a list with commas, in place of {NAME}. "
                   "Several lists are combined")
        ->allow_extra_args(false)
        ->type_name("NAME VALUES");
    app.add_option("-s,--setup", commands.setup,
                   "A command line that is run once before all runs of a command")
        ->type_name("LINE");
    app.add_option("-p,--prepare", commands.prepare,
                   "A command line that is run before each run; repeat it to give each command its own")
        ->allow_extra_args(false)
        ->type_name("LINE");
    app.add_option("-c,--cleanup", commands.cleanup,
                   "A command line that is run once after all runs of a command")
        ->type_name("LINE");
    app.add_option("--server", commands.server,
                   "A command line that starts a server before each run, under the same allocator")
        ->type_name("LINE");
}

std::vector<compare::Configuration> configurations(const ComparedCommands& commands) {
    const std::vector<Template> all = templates(commands);
    std::vector<std::string> template_names;
    for (const Template& each : all) {
        template_names.push_back(each.name);
    }
    const std::vector<std::string> groups = distinct(template_names);
    std::vector<compare::Configuration> result;
    std::vector<std::string> names;
    for (std::size_t place = 0; place < all.size(); ++place) {
        for (const Assignment& values : compare::combinations(parameters(commands, all))) {
            names.push_back(name_with(all[place].name, values));
            result.push_back({.name = {},
                              .group = groups[place],
                              .command = filled(all[place].words, values),
                              .prints = compare::Prints::kAnything,
                              .setup = compare::filled(commands.setup, values),
                              .cleanup = compare::filled(commands.cleanup, values),
                              .prepare = compare::filled(all[place].prepare, values),
                              .server = compare::filled(commands.server, values),
                              .parameters = values});
        }
    }
    names = distinct(names);
    for (std::size_t place = 0; place < result.size(); ++place) {
        result[place].name = names[place];
    }
    return result;
}

} // namespace ashlar::commands
