// SPDX-License-Identifier: MIT
// Files for the summary of a comparison: --export-markdown, --export-csv and --export-json.
#pragma once

#include "compare/result.h"
#include "machine/output_file.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace CLI { // NOLINT(readability-identifier-naming): the library's
class App;
}

namespace ashlar::commands {

// What was given on the command line; empty where nothing was.
struct ExportNames {
    std::string markdown;
    std::string csv;
    std::string json;

    // Whether one of them takes the place of the text.
    bool any_on_standard_output() const {
        return markdown == machine::kStandardOutput || csv == machine::kStandardOutput ||
               json == machine::kStandardOutput;
    }
};

void add_export_options(CLI::App& command, ExportNames& names);

class ExportFiles {
  public:
    // Before anything is measured. Throws std::invalid_argument for a file that cannot be written to.
    explicit ExportFiles(const ExportNames& names);

    void write(const compare::Experiment& experiment, const compare::Result& result) const;

  private:
    using Text = std::string (*)(const compare::Experiment&, const compare::Result&);
    struct Export {
        std::unique_ptr<machine::OutputFile> file;
        Text text;
    };

    void add(const char* option, const std::string& path, Text text);

    std::vector<Export> exports_;
};

} // namespace ashlar::commands
