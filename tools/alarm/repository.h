// SPDX-License-Identifier: MIT
// The repository that the alarm runs in, and the library of one of its commits, built and kept.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace ashlar::alarm {

class Repository {
  public:
    // The one that the folder lies in. Throws std::invalid_argument if there is none.
    explicit Repository(const std::filesystem::path& folder);

    const std::filesystem::path& root() const { return root_; }
    std::string head() const;                             // the commit that is checked out
    std::string changed_files() const;                    // of core/, against it; empty: none
    std::string subject(const std::string& commit) const; // empty if there is no such commit
    std::string date(const std::string& commit) const;    // of the commit, ISO 8601

    // Path of libashlar.so as that commit has it, with libashlar-locks.so beside it: from the cache, or built
    // into it. The cache is $XDG_CACHE_HOME/ashlar or ~/.cache/ashlar; nothing there is ever changed, and
    // whoever needs the room may delete it. Throws std::runtime_error with a sentence if it cannot be built.
    std::string library_of(const std::string& commit) const;

  private:
    std::string git(std::vector<std::string> words) const;

    std::filesystem::path root_;
};

// "g++ (Debian 12.2.0-14) 12.2.0"; empty if there is none.
std::string compiler();

} // namespace ashlar::alarm
