// SPDX-License-Identifier: MIT
#include "suite/own_programs.h"

#include "machine/program_search.h"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <stdexcept>

namespace ashlar::suite {

namespace {

namespace fs = std::filesystem;

bool is_executable(const fs::path& path) {
    return machine::find_program(fs::absolute(path).string()).error == 0;
}

// Splits "#!/usr/bin/env python3" as the kernel does: an interpreter and one argument. Empty without "#!".
std::vector<std::string> interpreter_of(const fs::path& script) {
    std::ifstream file(script, std::ios::binary);
    std::string line;
    if (!std::getline(file, line) || !line.starts_with("#!")) {
        return {};
    }
    constexpr const char* kBlank = " \t\r";
    std::vector<std::string> words;
    const auto start = line.find_first_not_of(kBlank, 2);
    if (start == std::string::npos) {
        return {};
    }
    const auto end = std::min(line.find_first_of(kBlank, start), line.size());
    words.push_back(line.substr(start, end - start));
    if (const auto argument = line.find_first_not_of(kBlank, end); argument != std::string::npos) {
        words.push_back(line.substr(argument, line.find_last_not_of(kBlank) + 1 - argument));
    }
    return words;
}

compare::Configuration program(const fs::path& path, std::vector<std::string> interpreter = {}) {
    const std::string name = path.lexically_normal().string();
    std::vector<std::string> command = std::move(interpreter);
    command.push_back(fs::absolute(path).lexically_normal().string());
    return {.name = name,
            .group = "programs",
            .command = std::move(command),
            .prints = compare::Prints::kAnything};
}

std::vector<compare::Configuration> programs_in(const fs::path& folder) {
    std::vector<fs::path> found;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder, error)) {
        if (is_executable(entry.path())) {
            found.push_back(entry.path());
        }
    }
    if (error) {
        throw std::invalid_argument(fmt::format("{}: {}", folder.string(), error.message()));
    }
    if (found.empty()) {
        throw std::invalid_argument(fmt::format(
            "{} holds no executable file; make those that are to run executable: chmod +x", folder.string()));
    }
    std::sort(found.begin(), found.end());
    std::vector<compare::Configuration> result;
    result.reserve(found.size());
    for (const fs::path& each : found) {
        result.push_back(program(each));
    }
    return result;
}

} // namespace

std::vector<compare::Configuration> own_programs(const std::string& path) {
    std::error_code error;
    if (fs::is_directory(path, error)) {
        return programs_in(path);
    }
    if (is_executable(path)) {
        return {program(path)};
    }
    std::vector<std::string> interpreter = interpreter_of(path);
    if (!interpreter.empty()) {
        return {program(path, std::move(interpreter))};
    }
    throw std::invalid_argument(
        fmt::format("{0} is neither executable nor a script that begins with #!; if it is "
                    "a program: chmod +x {0}",
                    path));
}

} // namespace ashlar::suite
