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

// Reads recordings, looks up names, and prints the report.
class ProfileSession {
  public:
    // Throws std::invalid_argument if a pattern or a file in the options is wrong.
    explicit ProfileSession(const ProfileOptions& options);

    // Reads a recording and appends its summary. Returns false if the file is unreadable, after a message.
    bool read(const std::filesystem::path& file, std::vector<profile::Summary>& summaries,
              const profile::Successors& successors = {});
    bool read(const RecordedRun& run, const std::filesystem::path& file,
              std::vector<profile::Summary>& summaries);
    bool read(const AttachedRun& run, std::vector<profile::Summary>& summaries);

    // Prints the text about locks, before that about memory. Returns false if a file is unreadable.
    bool show_locks(LockView& locks, const std::vector<std::filesystem::path>& files);
    // Writes the HTML page of the locks alone, and prints the notes.
    void show_no_memory();

    // For recorded files: throws std::invalid_argument if --at is beyond the end of all recordings.
    void check_moment(const std::vector<profile::Summary>& summaries) const;
    // For a command that has run: prints a message if --at is beyond its end. Its figures are still shown.
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
