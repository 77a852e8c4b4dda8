// SPDX-License-Identifier: MIT
//
// A temporary folder of the test, deleted by the destructor.
#pragma once

#include <filesystem>
#include <stdlib.h> // NOLINT(modernize-deprecated-headers): mkdtemp
#include <string>

namespace unit {

class Folder {
  public:
    Folder() {
        std::string pattern = (std::filesystem::temp_directory_path() / "ashlar_test_XXXXXX").string();
        path_ = ::mkdtemp(pattern.data());
    }
    ~Folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;

    const std::string& path() const { return path_; }

  private:
    std::string path_;
};

} // namespace unit
