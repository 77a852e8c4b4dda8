// SPDX-License-Identifier: MIT
#include "commands/profile_outputs.h"

#include "machine/files.h"

#include <stdexcept>
#include <utility>

namespace ashlar::commands {

ProfileOutputs::ProfileOutputs(const ProfileOptions& options) {
    for (const auto& [option, path] : {std::pair{"--json", &options.json},
                                       {"--flamegraph", &options.flame_graph},
                                       {"--speedscope", &options.speedscope},
                                       {"--pprof", &options.pprof},
                                       {"--jeprof", &options.heap_v2},
                                       {"--html", &options.html}}) {
        if (!path->empty()) {
            add(option, *path);
        }
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
