// SPDX-License-Identifier: MIT
// The repository of the alarm. Builds the library of a commit, and keeps it in a cache.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace ashlar::alarm {

class Repository {
  public:
    // Finds the repository of a folder. Throws std::invalid_argument if there is none.
    explicit Repository(const std::filesystem::path& folder);

    const std::filesystem::path& root() const { return root_; }
    std::string head() const;                             // the commit that is checked out
    std::string changed_files() const;                    // uncommitted changes of core/; empty: none
    std::string subject(const std::string& commit) const; // empty if there is no such commit
    std::string date(const std::string& commit) const;    // of the commit, ISO 8601

    // Returns the path of a commit's libashlar.so, with libashlar-locks.so beside it, from the cache. Builds
    // it if the cache lacks it. The cache is $XDG_CACHE_HOME/ashlar or ~/.cache/ashlar. Its files never
    // change, and users may delete them. Throws std::runtime_error with a sentence if the build fails.
    std::string library_of(const std::string& commit) const;

  private:
    std::string git(std::vector<std::string> words) const;

    std::filesystem::path root_;
};

// Returns "g++ (Debian 12.2.0-14) 12.2.0", for example, or an empty text if there is none.
std::string compiler();

} // namespace ashlar::alarm
