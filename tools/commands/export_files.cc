// SPDX-License-Identifier: MIT
#include "commands/export_files.h"

#include "report/summary_files.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <ostream>
#include <stdexcept>

namespace ashlar::commands {

namespace {

constexpr const char* kMarkdown = "--export-markdown";
constexpr const char* kCsv = "--export-csv";
constexpr const char* kJson = "--export-json";

} // namespace

void add_export_options(CLI::App& command, ExportNames& names) {
    command
        .add_option(kMarkdown, names.markdown,
                    "Write a table of times and peak memory to this file; - for the standard output, in "
                    "place of the text")
        ->type_name("FILE");
    command.add_option(kCsv, names.csv, "Write the same as CSV, one line for each command and allocator")
        ->type_name("FILE");
    command
        .add_option(kJson, names.json,
                    "Write the same with the time of each run, in hyperfine's form; --json writes everything")
        ->type_name("FILE");
}

ExportFiles::ExportFiles(const ExportNames& names) {
    add(kMarkdown, names.markdown, report::summary_markdown);
    add(kCsv, names.csv, report::summary_csv);
    add(kJson, names.json, report::summary_json);
}

void ExportFiles::add(const char* option, const std::string& path, Text text) {
    if (path.empty()) {
        return;
    }
    try {
        exports_.push_back({std::make_unique<machine::OutputFile>(path), text});
    } catch (const std::runtime_error& error) {
        throw std::invalid_argument(fmt::format("{}: {}", option, error.what()));
    }
}

void ExportFiles::write(const compare::Experiment& experiment, const compare::Result& result) const {
    for (const Export& each : exports_) {
        each.file->write([&](std::ostream& stream) { stream << each.text(experiment, result); });
    }
}

} // namespace ashlar::commands
