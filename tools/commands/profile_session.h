// SPDX-License-Identifier: MIT
#pragma once

#include "commands/attached_run.h"
#include "commands/profile_locks.h"
#include "commands/profile_options.h"
#include "commands/profile_outputs.h"
#include "commands/recorded_run.h"
#include "profile/summary.h"
#include "symbols/symbolizer.h"

#include <filesystem>
#include <vector>

namespace ashlar::commands {

// Reads, names and shows what was recorded.
class ProfileSession {
  public:
    // Throws std::invalid_argument if a pattern or a file that the options name is wrong.
    explicit ProfileSession(const ProfileOptions& options);

    // False if the file cannot be read; why is said.
    bool read(const std::filesystem::path& file, std::vector<profile::Summary>& summaries,
              const profile::Successors& successors = {});
    bool read(const RecordedRun& run, const std::filesystem::path& file,
              std::vector<profile::Summary>& summaries);
    bool read(const AttachedRun& run, std::vector<profile::Summary>& summaries);

    // Files of the lock profiler; their text comes before that of memory. False if one cannot be read.
    bool show_locks(LockView& locks, const std::vector<std::filesystem::path>& files);
    // The page of locks alone.
    void show_no_memory();

    // Of files, before anything is shown: throws std::invalid_argument if --at is beyond their end.
    void check_moment(const std::vector<profile::Summary>& summaries) const;
    // Of a command that ran: what it did is not thrown away for a moment that did not come.
    void say_if_over(const std::vector<profile::Summary>& summaries) const;

    void show(std::vector<profile::Summary>& summaries);
    void show_difference(const std::vector<profile::Summary>& before,
                         const std::vector<profile::Summary>& after);

  private:
    profile::Summary summarise(profile::Recording recording);
    void check_known(const std::filesystem::path& file, const profile::Recording& recording) const;
    void say_if_nothing_matches(const std::vector<profile::Summary>& summaries) const;
    template <class Writer>
    void write(const char* option, Writer writer) const;
    void write_files(const std::vector<profile::Summary>& summaries);
    void write_page(const std::vector<profile::Summary>& summaries,
                    const std::vector<profile::Summary>* before);
    void show_notes() const;

    const ProfileOptions& options_;
    profile::SummarySettings settings_;
    ProfileOutputs outputs_;
    symbols::Symbolizer symbolizer_;
    profile::Frames frames_;
    const report::profile::LockReports* locks_ = nullptr;
};

} // namespace ashlar::commands
