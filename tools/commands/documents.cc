// SPDX-License-Identifier: MIT
// ashlar documents: writes the manual pages and bash's completion, of all sub-commands that there are. The
// build calls it; it is hidden from --help.
#include "commands/command.h"
#include "document/bash_completion.h"
#include "document/man_page.h"
#include "document/option_facts.h"

#include <CLI/CLI.hpp>
#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>

namespace ashlar::commands {

namespace {

namespace fs = std::filesystem;

void write(const fs::path& path, const std::string& text) {
    fs::create_directories(path.parent_path());
    std::ofstream file(path);
    file << text;
    if (!file.flush()) {
        throw std::runtime_error("cannot write to " + path.string());
    }
}

void write_page(const fs::path& folder, const CLI::App& program, const CLI::App& command) {
    write(folder / (document::page_name(command) + ".1"), document::man_page(program, command));
}

int write_documents(const CLI::App& program, const fs::path& folder) {
    const fs::path manual = folder / "man1";
    const std::string& name = program.get_name();
    write(manual / (name + ".1"), document::man_page(program));
    for (const CLI::App* const command : document::commands_of(program)) {
        write_page(manual, program, *command);
        for (const CLI::App* const below : document::commands_of(*command)) {
            write_page(manual, program, *below);
        }
    }
    write(folder / "bash-completion" / name, document::bash_completion(program));
    return kSuccess;
}

} // namespace

void add_documents(CLI::App& app, Action& action) {
    auto folder = std::make_shared<std::string>();
    CLI::App* const documents =
        app.add_subcommand("documents", "Write manual pages and bash completion into a folder");
    documents->group(""); // hidden
    documents->add_option("folder", *folder, "Where to")->required();
    documents->callback(
        [&app, folder, &action] { action = [&app, folder] { return write_documents(app, *folder); }; });
}

} // namespace ashlar::commands
