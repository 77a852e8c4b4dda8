// SPDX-License-Identifier: MIT
#include "machine/program_search.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>

namespace ashlar::machine {

namespace {

// 0 if the file can be executed.
int obstacle(const std::string& path) {
    struct stat status {};
    if (stat(path.c_str(), &status) != 0) {
        return errno;
    }
    return S_ISREG(status.st_mode) && access(path.c_str(), X_OK) == 0 ? 0 : EACCES;
}

} // namespace

FoundProgram find_program(const std::string& word) {
    if (word.find('/') != std::string::npos) {
        return {.path = word, .error = obstacle(word)};
    }
    const char* const path = std::getenv("PATH"); // NOLINT(concurrency-mt-unsafe): nobody changes it
    std::string_view rest = path == nullptr ? "/bin:/usr/bin" : path;
    FoundProgram none{.path = "", .error = ENOENT};
    while (!rest.empty() && !word.empty()) {
        const std::string_view folder = rest.substr(0, rest.find(':'));
        rest.remove_prefix(std::min(folder.size() + 1, rest.size()));
        const std::string candidate = std::filesystem::path(folder.empty() ? "." : folder) / word;
        const int error = obstacle(candidate);
        if (error == 0) {
            return {.path = candidate, .error = 0};
        }
        none.error = error == EACCES ? EACCES : none.error;
    }
    return none;
}

} // namespace ashlar::machine
