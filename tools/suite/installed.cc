// SPDX-License-Identifier: MIT
#include "suite/installed.h"

#include "machine/output_of.h"
#include "machine/program_search.h"

namespace ashlar::suite {

namespace {

std::string own_path(const std::string& found, const std::vector<std::string>& ask) {
    if (ask.empty()) {
        return found;
    }
    std::vector<std::string> command{found};
    command.insert(command.end(), ask.begin(), ask.end());
    const machine::ProgramOutput answer = machine::output_of(command);
    const std::string path = answer.output.substr(0, answer.output.find('\n'));
    const bool is_path = answer.error == 0 && answer.status == 0 && path.starts_with('/');
    return is_path && machine::find_program(path).error == 0 ? path : found;
}

} // namespace

std::optional<std::string> find_installed(const std::vector<std::string>& names,
                                          const std::vector<std::string>& ask) {
    for (const std::string& name : names) {
        const machine::FoundProgram found = machine::find_program(name);
        if (found.error == 0) {
            return own_path(found.path, ask);
        }
    }
    return std::nullopt;
}

} // namespace ashlar::suite
