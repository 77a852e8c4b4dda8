// SPDX-License-Identifier: MIT
#include "document/option_facts.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <string_view>

namespace ashlar::document {

namespace {

std::string upper(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char each) { return static_cast<char>(std::toupper(each)); });
    return text;
}

// Returns a, b and c for "{a,b,c}", and no choices for other text.
std::vector<std::string> listed(std::string_view limits) {
    std::vector<std::string> choices;
    if (!limits.starts_with('{') || !limits.ends_with('}')) {
        return choices;
    }
    limits = limits.substr(1, limits.size() - 2);
    while (!limits.empty()) {
        const std::string_view choice = limits.substr(0, limits.find(','));
        choices.emplace_back(choice);
        limits.remove_prefix(std::min(choice.size() + 1, limits.size()));
    }
    return choices;
}

// Rewrites the descriptions of CLI11's checks for people.
std::string in_words(const std::string& limits) {
    const auto open = limits.find("in [");
    if (open != std::string::npos && limits.ends_with(']')) {
        std::string range = limits.substr(open + 4, limits.size() - open - 5);
        if (const auto dash = range.find(" - "); dash != std::string::npos) {
            range.replace(dash, 3, " to ");
        }
        return range;
    }
    return limits == "POSITIVE"      ? "more than 0"
           : limits == "NONNEGATIVE" ? "0 or more"
           : limits == "FILE"        ? "an existing file"
           : limits == "DIR"         ? "an existing folder"
                                     : limits;
}

// Returns "1,2" for "[1,2]", as CLI11 prints lists.
std::string without_brackets(const std::string& text) {
    return text.starts_with('[') && text.ends_with(']') ? text.substr(1, text.size() - 2) : text;
}

const char* words_for(const std::string& value) {
    return value == "ALLOCATOR"  ? kAllocators
           : value == "SETTINGS" ? kSettings
           : value == "PID"      ? kAshlarProcesses
           : value == "CMD|PID"  ? kProcesses
                                 : "";
}

bool is_path(const std::string& value) {
    return value.starts_with("FILE") || value == "FOLDER" || value == "LIBRARY";
}

OptionFacts facts_of(const CLI::Option& option) {
    OptionFacts facts;
    facts.is_positional = option.get_positional();
    facts.is_required = option.get_required();
    facts.is_list = option.get_delimiter() != '\0' || option.get_type_name() == "SETTINGS";
    facts.usual = without_brackets(option.get_default_str());
    facts.description = option.get_description();
    for (const std::string& name : option.get_snames()) {
        facts.names.push_back("-" + name);
    }
    for (const std::string& name : option.get_lnames()) {
        facts.names.push_back("--" + name);
    }
    if (facts.is_positional) {
        facts.names.push_back(option.get_name(true));
    }
    if (option.get_items_expected_max() == 0) {
        facts.addition = option.get_type_name(); // a flag
        return facts;
    }
    // The type's name, then the description of each check: "TEXT:{a,b}", "UINT:INT in [1 - 4096]".
    const std::string type = option.get_type_name();
    facts.value = type.substr(0, type.find(':'));
    facts.limits = facts.value.size() < type.size() ? type.substr(facts.value.size() + 1) : "";
    facts.is_path = is_path(facts.value);
    facts.is_command = facts.is_positional && facts.value.starts_with("CMD");
    facts.words = words_for(facts.value);
    facts.choices = listed(facts.limits);
    facts.limits = in_words(facts.limits);
    if (facts.is_positional && facts.value == "TEXT") {
        facts.value = upper(facts.names.front());
    }
    if (option.get_delimiter() != '\0') {
        facts.value += ",...";
    } else if (facts.is_positional && option.get_items_expected_max() > 1) {
        facts.value += "...";
    }
    return facts;
}

} // namespace

std::vector<OptionFacts> options_of(const CLI::App& command) {
    std::vector<OptionFacts> all;
    for (const CLI::Option* const option : command.get_options()) {
        if (!option->get_group().empty()) {
            all.push_back(facts_of(*option));
        }
    }
    return all;
}

std::vector<const CLI::App*> commands_of(const CLI::App& program) {
    std::vector<const CLI::App*> commands;
    for (const CLI::App* const command : program.get_subcommands([](const CLI::App*) { return true; })) {
        if (!command->get_group().empty()) {
            commands.push_back(command);
        }
    }
    return commands;
}

} // namespace ashlar::document
