// SPDX-License-Identifier: MIT
// ashlar words: prints the words that completion offers for a value on this machine. Shells call it, and
// --help hides it. Each line has a word, a tab, and a description.
#include "allocators/find.h"
#include "commands/command.h"
#include "diagnose/settings.h"
#include "document/option_facts.h"
#include "observe/library.h"
#include "process/files.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <memory>
#include <string>
#include <string_view>
#include <unistd.h>

namespace ashlar::commands {

namespace {

void say(const std::string& word, const std::string& about) {
    fmt::print("{}\t{}\n", word, about);
}

void list_allocators() {
    say("system", "the C library's malloc");
    for (const allocators::Allocator& each :
         allocators::select_installed(allocators::Breadth::kEverything).found) {
        if (!each.is_system()) {
            say(each.name, each.library.empty() ? "the C library's malloc" : each.library);
        }
    }
    if (const auto hardened = allocators::find_ashlar(allocators::Edition::kHardened)) {
        say("ashlar-hardened", *hardened);
    }
}

void list_settings() {
    const auto library = allocators::find_ashlar();
    if (!library) {
        return;
    }
    for (const diagnose::Setting& setting : diagnose::settings_of(*library)) {
        if (setting.choices.empty()) {
            say(setting.key + ":", setting.value.empty() ? "a path" : "default: " + setting.value);
        }
        for (const std::string& choice : setting.choices) {
            say(setting.key + ":" + choice, choice == setting.value ? "the default" : "");
        }
    }
}

// Returns whether a file of Ashlar's libraries is mapped.
bool is_on_ashlar(std::string_view maps) {
    while (!maps.empty()) {
        const std::string_view line = maps.substr(0, maps.find('\n'));
        maps.remove_prefix(std::min(line.size() + 1, maps.size()));
        const auto path = line.find('/');
        if (path != std::string_view::npos && observe::is_called_ashlar(std::string(line.substr(path)))) {
            return true;
        }
    }
    return false;
}

void list_processes(bool only_on_ashlar) {
    for (const pid_t process : process::all_processes()) {
        const process::Files files(process);
        const std::string maps = files.read("maps").value_or("");
        if (process != getpid() && !maps.empty() && (!only_on_ashlar || is_on_ashlar(maps))) {
            std::string name = files.read("comm").value_or("");
            say(std::to_string(process), name.substr(0, name.find('\n')));
        }
    }
}

int list_words(const std::string& kind) {
    if (kind == document::kAllocators) {
        list_allocators();
    } else if (kind == document::kSettings) {
        list_settings();
    } else {
        list_processes(kind == document::kAshlarProcesses);
    }
    return kSuccess;
}

} // namespace

void add_words(CLI::App& app, Action& action) {
    auto kind = std::make_shared<std::string>();
    CLI::App* const words = app.add_subcommand("words", "List what completion offers for a value");
    words->group(""); // hidden
    words->add_option("kind", *kind, "Which")
        ->required()
        ->check(CLI::IsMember(
            {document::kAllocators, document::kSettings, document::kAshlarProcesses, document::kProcesses}));
    words->callback([kind, &action] { action = [kind] { return list_words(*kind); }; });
}

} // namespace ashlar::commands
