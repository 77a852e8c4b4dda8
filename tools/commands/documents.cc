// SPDX-License-Identifier: MIT
// ashlar documents: writes the manual pages and the shells' completion of all sub-commands, and the library's
// manual pages from its sources. The build calls it. It is hidden from --help.
#include "commands/command.h"
#include "document/bash_completion.h"
#include "document/fish_completion.h"
#include "document/library_pages.h"
#include "document/man_page.h"
#include "document/option_facts.h"
#include "document/roff.h"
#include "document/zsh_completion.h"
#include "machine/files.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

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

void write_manual(const fs::path& path, const std::string& page) {
    write(path, document::without_empty_paragraphs(page));
}

void write_page(const fs::path& folder, const CLI::App& program, const CLI::App& command) {
    write_manual(folder / (document::page_name(command) + ".1"), document::man_page(program, command));
}

std::string text_of(const fs::path& path) {
    const auto text = machine::read_file(path);
    if (!text) {
        throw std::runtime_error("cannot read " + path.string());
    }
    return *text;
}

// Returns the texts of all schemas, in order of name.
std::vector<std::string> texts_of_schemas(const fs::path& folder) {
    std::vector<fs::path> paths;
    for (const auto& entry : fs::directory_iterator(folder)) {
        paths.push_back(entry.path());
    }
    std::sort(paths.begin(), paths.end());
    std::vector<std::string> texts;
    for (const fs::path& path : paths) {
        texts.push_back(text_of(path));
    }
    return texts;
}

void write_library_pages(const fs::path& folder, const fs::path& sources) {
    const std::string header = text_of(sources / "core/include/ashlar/ashlar.h");
    write_manual(folder / "man3" / "libashlar.3", document::library_page(header));
    for (const std::string& function : document::functions_of(header)) {
        write(folder / "man3" / (function + ".3"), ".so man3/libashlar.3\n");
    }
    write_manual(folder / "man5" / "ashlar-statistics.5",
                 document::statistics_page(text_of(sources / "docs/statistics.md")));
    write_manual(folder / "man5" / "ashlar-profile.5",
                 document::profile_page(text_of(sources / "docs/profiles.md")));
    write_manual(folder / "man5" / "ashlar-results.5",
                 document::results_page(text_of(sources / "docs/json.md"),
                                        texts_of_schemas(sources / "docs/schemas")));
    write_manual(folder / "man7" / "ashlar-settings.7",
                 document::settings_page(text_of(sources / "docs/configuration.md")));
}

int write_documents(const CLI::App& program, const fs::path& folder, const fs::path& sources) {
    const fs::path manual = folder / "man1";
    const std::string& name = program.get_name();
    write_manual(manual / (name + ".1"), document::man_page(program));
    for (const CLI::App* const command : document::commands_of(program)) {
        write_page(manual, program, *command);
        for (const CLI::App* const below : document::commands_of(*command)) {
            write_page(manual, program, *below);
        }
    }
    write_library_pages(folder, sources);
    write(folder / "bash-completion" / name, document::bash_completion(program));
    write(folder / "zsh" / ("_" + name), document::zsh_completion(program));
    write(folder / "fish" / (name + ".fish"), document::fish_completion(program));
    return kSuccess;
}

} // namespace

void add_documents(CLI::App& app, Action& action) {
    auto folder = std::make_shared<std::string>();
    auto sources = std::make_shared<std::string>();
    CLI::App* const documents =
        app.add_subcommand("documents", "Write manual pages and completion into a folder");
    documents->group(""); // hidden
    documents->add_option("folder", *folder, "Where to")->required()->type_name("FOLDER");
    documents->add_option("sources", *sources, "Root of Ashlar's sources")->required()->type_name("FOLDER");
    documents->callback([&app, folder, sources, &action] {
        action = [&app, folder, sources] { return write_documents(app, *folder, *sources); };
    });
}

} // namespace ashlar::commands
