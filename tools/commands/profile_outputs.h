// SPDX-License-Identifier: MIT
#pragma once

#include "commands/profile_options.h"
#include "machine/output_file.h"

#include <map>
#include <memory>
#include <string>

namespace ashlar::commands {

// The files that a report is written to as well, by their options; each is tried before anything is measured.
class ProfileOutputs {
  public:
    // Throws std::invalid_argument if one cannot be written.
    explicit ProfileOutputs(const ProfileOptions& options);

    // Null if it is not wanted.
    const machine::OutputFile* find(const std::string& option) const;
    bool takes_standard_output() const { return takes_standard_output_; }

  private:
    void add(const std::string& option, const std::string& path);

    std::map<std::string, std::unique_ptr<machine::OutputFile>> files_;
    bool takes_standard_output_ = false;
};

} // namespace ashlar::commands
