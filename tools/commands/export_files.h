// SPDX-License-Identifier: MIT
// Files with the summary of a comparison: --export-markdown, --export-csv and --export-json.
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

// The names on the command line; empty if not given.
struct ExportNames {
    std::string markdown;
    std::string csv;
    std::string json;

    // Returns whether one of them replaces the text on the standard output.
    bool any_on_standard_output() const {
        return markdown == machine::kStandardOutput || csv == machine::kStandardOutput ||
               json == machine::kStandardOutput;
    }
};

void add_export_options(CLI::App& command, ExportNames& names);

class ExportFiles {
  public:
    // Checks the files before the measurement. Throws std::invalid_argument for one that is not writable.
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
