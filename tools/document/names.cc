// SPDX-License-Identifier: MIT
#include "document/names.h"

#include "document/option_facts.h"

#include <CLI/CLI.hpp>

namespace ashlar::document {

std::string full_name(const CLI::App& command) {
    const CLI::App* const parent = command.get_parent();
    return (parent == nullptr ? "" : full_name(*parent) + " ") + command.get_name();
}

std::string usage(const CLI::App& command) {
    if (command.get_parent() == nullptr) {
        return command.get_name() + " COMMAND [ARGUMENT]...";
    }
    std::string text = full_name(command) + " [OPTION]...";
    for (const OptionFacts& option : options_of(command)) {
        if (option.is_positional) {
            const std::string value = (option.is_command ? "[--] " : "") + option.value;
            text += option.is_required ? " " + value : " [" + value + "]";
        }
    }
    return text;
}

} // namespace ashlar::document
