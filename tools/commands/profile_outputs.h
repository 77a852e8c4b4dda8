// SPDX-License-Identifier: MIT
#pragma once

#include "commands/profile_options.h"
#include "machine/output_file.h"

#include <map>
#include <memory>
#include <string>

namespace ashlar::commands {

// The output files of a report, by option. They are checked before the measurement.
class ProfileOutputs {
  public:
    // Throws std::invalid_argument if a file is not writable.
    explicit ProfileOutputs(const ProfileOptions& options);

    // Returns null if the option is not given.
    const machine::OutputFile* find(const std::string& option) const;
    bool takes_standard_output() const { return takes_standard_output_; }

  private:
    void add(const std::string& option, const std::string& path);

    std::map<std::string, std::unique_ptr<machine::OutputFile>> files_;
    bool takes_standard_output_ = false;
};

} // namespace ashlar::commands
