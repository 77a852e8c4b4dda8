// SPDX-License-Identifier: MIT
// A command that runs on Ashlar with its profiler, and the files that it and its children have left.
#pragma once

#include "machine/interrupt.h"
#include "measure/attended.h"
#include "measure/unrecorded.h"
#include "profile/recording.h"
#include "profile/successors.h"

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace ashlar::commands {

struct RecordingPlan {
    const char* subcommand; // "profile": in whose name messages are
    std::vector<std::string> command;
    std::uint64_t rate;                  // bytes between two samples
    std::uint64_t limit;                 // bytes that the file of a process may have
    std::optional<std::uint64_t> cost{}; // percent that samples may take; none: by the rate
    std::string library{};               // empty: this program's own
    std::string keep{};                  // folder for the files; empty: they go with the RecordedRun
    std::optional<double> timeout{};     // seconds
    std::uint64_t cpu = 0;               // samples of each second of a thread's CPU time; 0: none
    std::optional<std::string> locks{};  // settings of the lock profiler, which is to be loaded too
    bool watch = false;                  // for processes that do not record
};

class RecordedRun {
  public:
    measure::Attended ended;

    // The name of the library's file.
    RecordedRun(std::filesystem::path folder, bool is_kept, std::string library);
    ~RecordedRun();
    RecordedRun(RecordedRun&& other) noexcept;
    RecordedRun(const RecordedRun&) = delete;
    RecordedRun& operator=(const RecordedRun&) = delete;

    std::vector<std::filesystem::path> files() const; // of this run, whatever else is in the folder
    // With what is known of its process's end. The command was there until its own, also if it recorded
    // nothing then.
    profile::Recording read(const std::filesystem::path& file) const;
    std::vector<std::filesystem::path> lock_files() const;
    // Processes that were seen, and left none of these. Known if the plan is to watch.
    std::vector<measure::Unrecorded> unrecorded(const std::vector<profile::Recording>& recordings) const;
    std::string why_nothing() const; // is in the folder, and what to do
    int exit_status() const;         // as a shell would show it

    const std::filesystem::path& folder() const { return folder_; }

    friend RecordedRun record_run(const RecordingPlan& plan, const machine::Interrupt& interrupt);

  private:
    std::vector<std::filesystem::path> files(const char* ending) const;

    std::filesystem::path folder_;
    bool is_kept_;
    measure::UnrecordedProcesses watched_;
    profile::Successors successors_;
    std::map<std::filesystem::path, std::filesystem::file_time_type> older_; // were there before
};

// Throws std::invalid_argument, with a sentence that says what to do, if there is no library or folder.
RecordedRun record_run(const RecordingPlan& plan, const machine::Interrupt& interrupt);

} // namespace ashlar::commands
