// SPDX-License-Identifier: MIT
// What the sub-commands that compare have in common: from a plan, or from a result that was interrupted, to
// the exit status.
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

// What these two do is the same everywhere.
inline constexpr const char* kJsonHelp =
    "Write all samples and where they come from to this file, after every round; - for the standard output, "
    "in place of the text";
inline constexpr const char* kResumeHelp =
    "Go on with an interrupted run. FILE is what its --json has written; its settings are used, and it is "
    "written again. Only --json, --timeout and --verbose can be given beside it";

inline constexpr const char* kVerboseHelp = "Show the machine and the libraries first";

// Of the standard output.
report::TextSettings text_settings();

// The plan with what is to be known about it, and no sample yet.
report::StoredComparison new_comparison(compare::Plan plan, std::uint64_t workload_seed,
                                        const machine::Interrupt& interrupt);

// Throws std::invalid_argument if anything was given beside --resume that the result has settled already.
void refuse_other_settings(const CLI::App& command);

// The samples of a result file, to go on with; a timeout in seconds holds for the runs that are left. Throws
// std::invalid_argument if the file is no result, if it is the other sub-command's, or if a library is no
// longer the one that it was measured with.
report::StoredComparison resumed_comparison(const std::string& path, const std::string& sub_command,
                                            std::optional<double> timeout,
                                            const machine::Interrupt& interrupt);

// Where the stacks of what hangs go: beside the result, else into the folder for temporary files.
std::filesystem::path stacks_folder(const std::string& json);

// Of a number of seconds that was given on the command line.
std::optional<std::chrono::milliseconds> time_limit(std::optional<double> seconds);

// Where a result goes to besides the terminal; each file may be empty. What goes to "-" takes the place of
// the text on the standard output.
struct ResultFiles {
    std::string json; // written after every round: whatever ends this program, what was measured is not lost
    ExportNames exports{};
    bool verbose = false; // the machine and the libraries are shown first

    bool shows_text() const { return json != machine::kStandardOutput && !exports.any_on_standard_output(); }
};

// Runs what is left to run, and shows it. `when_complete` is called at the end, unless there was an interrupt
// or there is nothing to show. Returns the exit status.
int run_comparison(report::StoredComparison comparison, const ResultFiles& files,
                   const machine::Interrupt& interrupt,
                   const std::function<std::string(const compare::Experiment&, const compare::Result&)>& text,
                   const std::function<void(const compare::Experiment&)>& when_complete = {});

} // namespace ashlar::commands
