// SPDX-License-Identifier: MIT
#include "commands/profile_outputs.h"

#include "machine/files.h"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <stdexcept>
#include <system_error>
#include <utility>
#include <vector>

namespace ashlar::commands {

namespace {

namespace fs = std::filesystem;

// Returns true if writing one file would overwrite the other. Devices and pipes accept both.
bool is_same_file(const std::string& one, const std::string& other) {
    std::error_code error;
    if (fs::exists(one, error)) {
        return fs::is_regular_file(one, error) && fs::equivalent(one, other, error);
    }
    return !fs::exists(other, error) &&
           fs::weakly_canonical(one, error) == fs::weakly_canonical(other, error);
}

std::vector<std::string> inputs_of(const ProfileOptions& options) {
    std::vector<std::string> inputs = options.files;
    inputs.insert(inputs.end(), options.difference.begin(), options.difference.end());
    if (!options.suppressions.empty()) {
        inputs.push_back(options.suppressions);
    }
    return inputs;
}

} // namespace

ProfileOutputs::ProfileOutputs(const ProfileOptions& options) {
    std::vector<std::pair<std::string, std::string>> paths; // by option
    for (const auto& [option, path] : {std::pair{"--json", &options.json},
                                       {"--flamegraph", &options.flame_graph},
                                       {"--speedscope", &options.speedscope},
                                       {"--pprof", &options.pprof},
                                       {"--jeprof", &options.heap_v2},
                                       {"--html", &options.html}}) {
        if (path->empty()) {
            continue;
        }
        if (*path != machine::kStandardOutput) {
            for (const std::string& input : inputs_of(options)) {
                if (is_same_file(*path, input)) {
                    throw std::invalid_argument(
                        fmt::format("{}: {} is read, and would be written over", option, *path));
                }
            }
            for (const auto& [other, taken] : paths) {
                if (is_same_file(*path, taken)) {
                    throw std::invalid_argument(
                        fmt::format("{} and {} cannot both be written to {}", other, option, *path));
                }
            }
            paths.emplace_back(option, *path);
        }
        add(option, *path);
    }
}

const machine::OutputFile* ProfileOutputs::find(const std::string& option) const {
    const auto found = files_.find(option);
    return found == files_.end() ? nullptr : found->second.get();
}

void ProfileOutputs::add(const std::string& option, const std::string& path) {
    if (path == machine::kStandardOutput && std::exchange(takes_standard_output_, true)) {
        throw std::invalid_argument("two files cannot both go to the standard output");
    }
    try {
        files_.emplace(option, std::make_unique<machine::OutputFile>(path));
    } catch (const std::runtime_error& error) {
        throw std::invalid_argument(option + ": " + error.what());
    }
}

} // namespace ashlar::commands
