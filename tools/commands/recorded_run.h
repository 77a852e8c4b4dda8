// SPDX-License-Identifier: MIT
// Runs a command on Ashlar with its profiler. Finds the files of the command and its children.
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
    const char* subcommand; // "profile": begins the messages
    std::vector<std::string> command;
    std::uint64_t rate;                  // bytes between two samples
    std::uint64_t limit;                 // largest size of a process's file, in bytes
    std::optional<std::uint64_t> cost{}; // percent of the time for samples; nothing: depends on the rate
    std::string library{};               // empty: this program's own
    std::string keep{};                  // folder for the files; empty: they are removed with the RecordedRun
    std::optional<double> timeout{};     // seconds
    std::uint64_t cpu = 0;               // samples per second of a thread's CPU time; 0: none
    std::optional<std::string> locks{};  // settings of the lock profiler, which is preloaded too
    bool watch = false;                  // look for processes that do not record
};

class RecordedRun {
  public:
    measure::Attended ended;

    // `library` is the library's file name.
    RecordedRun(std::filesystem::path folder, bool is_kept, std::string library);
    ~RecordedRun();
    RecordedRun(RecordedRun&& other) noexcept;
    RecordedRun(const RecordedRun&) = delete;
    RecordedRun& operator=(const RecordedRun&) = delete;

    std::vector<std::filesystem::path> files() const; // of this run only
    // Reads a file, and completes it with what is known about the end of its process. The command's recording
    // extends to the command's end, even if it recorded nothing then.
    profile::Recording read(const std::filesystem::path& file) const;
    std::vector<std::filesystem::path> lock_files() const;
    // Returns processes that were seen and have none of these recordings. Needs `watch` in the plan.
    std::vector<measure::Unrecorded> unrecorded(const std::vector<profile::Recording>& recordings) const;
    std::string why_nothing() const; // why the folder has no files, and a remedy
    int exit_status() const;         // as in a shell

    const std::filesystem::path& folder() const { return folder_; }

    friend RecordedRun record_run(const RecordingPlan& plan, const machine::Interrupt& interrupt);

  private:
    std::vector<std::filesystem::path> files(const char* ending) const;

    std::filesystem::path folder_;
    bool is_kept_;
    measure::UnrecordedProcesses watched_;
    profile::Successors successors_;
    std::map<std::filesystem::path, std::filesystem::file_time_type> older_; // files that existed before
};

// Throws std::invalid_argument, with a sentence that says what to do, if library or folder is missing.
RecordedRun record_run(const RecordingPlan& plan, const machine::Interrupt& interrupt);

} // namespace ashlar::commands
