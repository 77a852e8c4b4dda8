// SPDX-License-Identifier: MIT
// The part of `ashlar profile` that is about locks.
#pragma once

#include "machine/output_file.h"

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace ashlar::commands {

struct LockOptions {
    bool wanted = false;
    double threshold = 1; // ms
    std::string json;
    std::string flame_graph;

    // For the lock profiler, if it is wanted.
    std::optional<std::string> settings() const;
};

void add_lock_options(CLI::App& command, LockOptions& options);

// Files of the lock profiler, and others.
std::pair<std::vector<std::filesystem::path>, std::vector<std::string>>
sorted_by_kind(const std::vector<std::string>& files);

class LockView {
  public:
    // Tries the files that are to be written.
    LockView(const LockOptions& options, std::size_t top);

    // Shows the process that waited longest, and one line for each other. False if a file cannot be read.
    bool show(const std::vector<std::filesystem::path>& files) const;

  private:
    std::size_t top_;
    std::unique_ptr<machine::OutputFile> json_;
    std::unique_ptr<machine::OutputFile> flame_graph_;
    bool takes_standard_output_;
};

} // namespace ashlar::commands
