// SPDX-License-Identifier: MIT
// Common parts of the sub-commands that compare: from a plan or an interrupted result to the exit status.
#pragma once

#include "commands/export_files.h"
#include "machine/interrupt.h"
#include "report/comparison_json.h"
#include "report/text_table.h"

#include <functional>
#include <optional>
#include <string>

namespace CLI { // NOLINT(readability-identifier-naming): the library's
class App;
}

namespace ashlar::commands {

// Help for options that are the same everywhere.
inline constexpr const char* kJsonHelp =
    "Write all samples and where they come from to this file, after every round; - for the standard output, "
    "in place of the text";
inline constexpr const char* kResumeHelp =
    "Go on with an interrupted run. FILE is what its --json has written; its settings are used, and it is "
    "written again. Only --json, --timeout and --verbose can be given beside it";

inline constexpr const char* kVerboseHelp = "Show the machine and the libraries first";

// Returns the settings of the standard output.
report::TextSettings text_settings();

// Returns a comparison with the plan, the facts about the machine and the libraries, and no sample.
report::StoredComparison new_comparison(compare::Plan plan, std::uint64_t workload_seed,
                                        const machine::Interrupt& interrupt);

// Throws std::invalid_argument if an option beside --resume contradicts the settings of the result.
void refuse_other_settings(const CLI::App& command);

// Reads a result file to continue it. `timeout`, in seconds, applies to the remaining runs. Throws
// std::invalid_argument if the file is no result of this sub-command, or if a library has changed since.
report::StoredComparison resumed_comparison(const std::string& path, const std::string& sub_command,
                                            std::optional<double> timeout,
                                            const machine::Interrupt& interrupt);

// Returns the folder for the stacks of hung runs: that of the result, or the folder for temporary files.
std::filesystem::path stacks_folder(const std::string& json);

// Converts a number of seconds from the command line.
std::optional<std::chrono::milliseconds> time_limit(std::optional<double> seconds);

// Destinations of a result besides the terminal; each may be empty. "-" replaces the text printed there.
struct ResultFiles {
    std::string json; // written after every round, so that the samples survive a crash
    ExportNames exports{};
    bool verbose = false; // prints the machine and the libraries first

    bool shows_text() const { return json != machine::kStandardOutput && !exports.any_on_standard_output(); }
};

// Runs the remaining runs, and prints the result. Calls `when_complete` at the end, unless interrupted or
// without a result. Returns the exit status.
int run_comparison(report::StoredComparison comparison, const ResultFiles& files,
                   const machine::Interrupt& interrupt,
                   const std::function<std::string(const compare::Experiment&, const compare::Result&)>& text,
                   const std::function<void(const compare::Experiment&)>& when_complete = {});

} // namespace ashlar::commands
