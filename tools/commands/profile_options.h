// SPDX-License-Identifier: MIT
// The options of `ashlar profile`.
#pragma once

#include "commands/profile_locks.h"
#include "profile/summary.h"

#include <CLI/CLI.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace ashlar::commands {

struct ProfileOptions {
    std::vector<std::string> files;
    std::vector<std::string> command;
    std::vector<std::string> difference; // two files
    std::string process;
    std::optional<double> seconds;
    std::string place;
    profile::View view = profile::View::kPeak;
    std::size_t top = 10;
    std::string focus;
    std::string ignore;
    std::string suppressions;
    std::string thread;
    std::uint64_t temporary_within = profile::kSoon;
    std::optional<double> at;
    std::uint64_t rate = std::uint64_t{512} << 10;
    std::optional<std::uint64_t> cost; // percent
    std::uint64_t limit = std::uint64_t{256} << 20;
    std::string keep;
    std::string library;
    std::optional<double> timeout;
    std::string json;
    std::string flame_graph;
    std::string speedscope;
    std::string pprof;
    std::string heap_v2;
    std::string html;
    bool no_memory = false;
    bool no_cache = false;
    bool no_cpu = false;
    // A prime number, so that samples hit all places of a program with a regular rhythm.
    std::uint64_t cpu_rate = 199;
    LockOptions locks;
};

void add_options(CLI::App& command, const std::shared_ptr<ProfileOptions>& options);

// Throws std::invalid_argument if options contradict each other, and names them.
void check_consistent(const ProfileOptions& options);
// Throws std::invalid_argument for options about memory, if all files are of the lock profiler.
void check_only_locks(const ProfileOptions& options);

} // namespace ashlar::commands
