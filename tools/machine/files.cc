// SPDX-License-Identifier: MIT
#include "machine/files.h"

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <unistd.h>

namespace ashlar::machine {

std::optional<std::string> read_file(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) {
        return std::nullopt;
    }
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

const std::filesystem::path& program_folder() {
    static const std::filesystem::path folder = [] {
        std::error_code error;
        return std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
    }();
    return folder;
}

std::vector<std::string> command_line() {
    std::vector<std::string> arguments;
    std::istringstream text(read_file("/proc/self/cmdline").value_or(""));
    for (std::string argument; std::getline(text, argument, '\0');) {
        arguments.push_back(argument);
    }
    return arguments;
}

std::filesystem::path cache_folder() {
    const auto folder = [](const char* name) -> std::filesystem::path {
        const char* const value = std::getenv(name); // NOLINT(concurrency-mt-unsafe): nobody changes it
        return value == nullptr || *value != '/' ? "" : value;
    };
    if (auto cache = folder("XDG_CACHE_HOME"); !cache.empty()) {
        return cache;
    }
    if (const auto home = folder("HOME"); !home.empty()) {
        return home / ".cache";
    }
    return std::filesystem::temp_directory_path() / ("cache-" + std::to_string(getuid()));
}

std::optional<std::filesystem::path> find_companion(const std::string& name) {
    for (const std::filesystem::path folder : {".", ASHLAR_COMPANION_FOLDER}) {
        std::error_code error;
        auto candidate = (program_folder() / folder / name).lexically_normal();
        if (std::filesystem::is_regular_file(candidate, error)) {
            return candidate;
        }
    }
    return std::nullopt;
}

} // namespace ashlar::machine
