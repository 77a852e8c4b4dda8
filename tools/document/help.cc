// SPDX-License-Identifier: MIT
#include "document/help.h"

#include "document/names.h"
#include "document/option_facts.h"
#include "machine/wrapped.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace ashlar::document {

namespace {

using machine::wrapped;

constexpr std::size_t kMostListed = 8; // choices; longer lists stand in tables below

class Help {
  public:
    Help(const CLI::App& command, std::size_t columns) : command_(command), columns_(columns) {}

    std::string render() const {
        std::string text = wrapped(command_.get_description(), columns_, 0) + "\n\n" +
                           wrapped("Usage: " + usage(command_), columns_, 0, kUsageIndent) + "\n";
        const auto options = options_of(command_);
        text += section("Arguments", options, true) + commands() + section("Options", options, false);
        const std::string& footer = command_.get_footer();
        return footer.empty() ? text : text + "\n" + machine::wrapped_paragraphs(footer, columns_);
    }

  private:
    static constexpr std::size_t kUsageIndent = 8;

    // Returns the second column's beginning. On a narrow terminal it is below the first column.
    std::size_t second_column() const {
        constexpr std::size_t kWide = 72;
        constexpr std::size_t kBeside = 26;
        constexpr std::size_t kBelow = 6;
        return columns_ >= kWide ? kBeside : kBelow;
    }

    std::string entry(const std::string& name, const std::string& about) const {
        const std::size_t column = second_column();
        std::string text = "  " + name;
        const bool fits = text.size() + 2 <= column;
        text += fits ? std::string(column - text.size(), ' ') : "\n" + std::string(column, ' ');
        return text + wrapped(about, columns_, column) + "\n";
    }

    std::string commands() const {
        std::string text;
        for (const CLI::App* const below : commands_of(command_)) {
            text += entry(below->get_name(), below->get_description());
        }
        return text.empty() ? text : "\nCommands:\n" + text;
    }

    std::string section(const std::string& title, const std::vector<OptionFacts>& options,
                        bool positional) const {
        std::string text;
        for (const OptionFacts& option : options) {
            if (option.is_positional == positional) {
                text +=
                    entry(positional ? option.value
                                     : fmt::format("{}{}{}{}", fmt::join(option.names, ", "), option.addition,
                                                   option.value.empty() ? "" : " ", option.value),
                          about(option));
            }
        }
        return text.empty() ? text : "\n" + title + ":\n" + text;
    }

    static std::string about(const OptionFacts& option) {
        std::vector<std::string> facts;
        if (!option.choices.empty() && option.choices.size() <= kMostListed) {
            facts.push_back(fmt::format("one of {}", fmt::join(option.choices, ", ")));
        } else if (option.choices.empty() && !option.limits.empty()) {
            facts.push_back(option.limits);
        }
        if (!option.usual.empty()) {
            facts.push_back("default: " + option.usual);
        }
        return option.description + (facts.empty() ? "" : fmt::format(" [{}]", fmt::join(facts, "; ")));
    }

    const CLI::App& command_;
    std::size_t columns_;
};

} // namespace

std::string help_text(const CLI::App& command, std::size_t columns) {
    return Help(command, columns).render();
}

} // namespace ashlar::document
