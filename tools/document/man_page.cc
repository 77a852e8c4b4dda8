// SPDX-License-Identifier: MIT
#include "document/man_page.h"

#include "document/footer.h"
#include "document/names.h"
#include "document/option_facts.h"
#include "document/roff.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <fmt/format.h>

namespace ashlar::document {

namespace {

std::string first_lower(std::string text) {
    text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
    return text;
}

std::string heading(const std::string& page, const std::string& purpose) {
    return page_heading({.name = page, .section = 1, .purpose = first_lower(purpose)});
}

std::string with_dot(const std::string& sentence) {
    return sentence.empty() || sentence.ends_with('.') ? sentence : sentence + ".";
}

std::string option_entry(const OptionFacts& option) {
    std::string names;
    for (const std::string& name : option.names) {
        names += (names.empty() ? "" : ", ") + (option.is_positional ? italic(option.value) : bold(name));
    }
    const std::string value = option.value.empty() || option.is_positional ? "" : " " + italic(option.value);
    const std::string addition = option.addition.empty() ? "" : italic(option.addition);
    std::string text = ".TP\n" + names + addition + value + "\n" + roff(with_dot(option.description)) + "\n";
    if (!option.limits.empty() && option.choices.empty()) {
        text += roff("Must be: " + option.limits + ".") + "\n";
    }
    if (!option.choices.empty()) {
        text += roff(fmt::format("One of: {}.", fmt::join(option.choices, ", "))) + "\n";
    }
    if (!option.usual.empty()) {
        text += roff("Default: " + option.usual + ".") + "\n";
    }
    return text;
}

std::string synopsis(const std::string& name, const std::vector<OptionFacts>& options) {
    std::string text = section("Synopsis") + bold(name) + " [" + italic("OPTION") + "]...";
    for (const OptionFacts& option : options) {
        if (option.is_positional) {
            const std::string value =
                (option.is_command ? "[" + bold("--") + "] " : "") + italic(option.value);
            text += option.is_required ? " " + value : " [" + value + "]";
        }
    }
    return text + "\n";
}

std::string option_section(const std::vector<OptionFacts>& options) {
    std::string text = section("Options");
    for (const bool positional : {true, false}) {
        for (const OptionFacts& option : options) {
            if (option.is_positional == positional) {
                text += option_entry(option);
            }
        }
    }
    return text;
}

// The description includes the footer's paragraphs without a title. The others become sections.
std::string description(const CLI::App& command, const std::vector<Paragraph>& paragraphs) {
    std::string text = section("Description") + roff(with_dot(command.get_description())) + "\n";
    for (const Paragraph& paragraph : paragraphs) {
        if (paragraph.title.empty()) {
            text += ".PP\n" + roff(paragraph.body) + "\n";
        }
    }
    return text;
}

std::string titled_sections(const std::vector<Paragraph>& paragraphs) {
    std::string text;
    for (const Paragraph& paragraph : paragraphs) {
        if (!paragraph.title.empty()) {
            text += section(paragraph.title) +
                    (paragraph.is_verbatim ? verbatim(paragraph.body) : roff(paragraph.body) + "\n");
        }
    }
    return text;
}

} // namespace

std::string page_name(const CLI::App& command) {
    std::string name = full_name(command);
    std::replace(name.begin(), name.end(), ' ', '-');
    return name;
}

std::string man_page(const CLI::App& program) {
    const std::string& name = program.get_name();
    const auto options = options_of(program);
    const auto paragraphs = parse_footer(program.get_footer());
    std::string text = heading(name, program.get_description()) + section("Synopsis") + bold(name) + " " +
                       italic("COMMAND") + " [" + italic("ARGUMENT") + "]...\n" +
                       description(program, paragraphs) + section("Commands");
    for (const CLI::App* const command : commands_of(program)) {
        text += ".TP\n" + reference(name + "-" + command->get_name(), 1) + "\n" +
                roff(with_dot(command->get_description())) + "\n";
    }
    return text + option_section(options) + titled_sections(paragraphs) + section("See also") +
           reference("ashlar-settings", 7) + ", " + reference("libashlar", 3) + "\n";
}

std::string man_page(const CLI::App& program, const CLI::App& command) {
    const std::string page = page_name(command);
    const auto options = options_of(command);
    const auto paragraphs = parse_footer(command.get_footer());
    std::string text = heading(page, command.get_description()) + synopsis(full_name(command), options) +
                       description(command, paragraphs) + option_section(options) +
                       titled_sections(paragraphs) + section("See also") + reference(program.get_name(), 1);
    for (const CLI::App* const below : commands_of(command)) {
        text += ", " + reference(page_name(*below), 1);
    }
    for (const CLI::App* const other : commands_of(program)) {
        if (other != &command) {
            text += ", " + reference(program.get_name() + "-" + other->get_name(), 1);
        }
    }
    return text + "\n";
}

} // namespace ashlar::document
