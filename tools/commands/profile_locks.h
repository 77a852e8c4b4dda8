// SPDX-License-Identifier: MIT
// The part of `ashlar profile` that concerns locks.
#pragma once

#include "machine/output_file.h"
#include "report/profile/locks_text.h"

#include <CLI/CLI.hpp>
#include <filesystem>
#include <functional>
#include <iosfwd>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace ashlar::commands {

struct LockOptions {
    bool wanted = false;
    double threshold = 1; // ms
    std::string delay;    // "SITE=+1ms"
    std::string json;
    std::string flame_graph;
    std::string pprof;
    std::string speedscope;

    // Returns the lock profiler's settings, or nothing if not wanted. `program` is the command's first word.
    std::optional<std::string> settings(const std::string& program) const;
};

void add_lock_options(CLI::App& command, LockOptions& options);

// Returns the files of the lock profiler, and the other files.
std::pair<std::vector<std::filesystem::path>, std::vector<std::string>>
sorted_by_kind(const std::vector<std::string>& files);

class LockView {
  public:
    // Checks that the output files are writable.
    LockView(const LockOptions& options, std::size_t top);

    // Returns false if a file is unreadable, after a message.
    bool read(const std::vector<std::filesystem::path>& files, symbols::Symbolizer& symbolizer,
              profile::Frames& frames);
    // Prints the process that waited longest, and one line for each other process. Writes the files.
    void show(profile::Frames& frames) const;

    // Returns the reports of the files read. The process that waited longest is first.
    const report::profile::LockReports& reports() const { return reports_; }

  private:
    using Writer = std::function<void(std::ostream&)>;

    std::size_t top_;
    std::string delay_;                                                 // requested delay
    std::map<std::string, std::unique_ptr<machine::OutputFile>> files_; // by option
    bool takes_standard_output_ = false;
    report::profile::LockReports reports_;
};

} // namespace ashlar::commands
