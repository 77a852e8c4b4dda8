// SPDX-License-Identifier: MIT
#include "suite/program.h"

#include "machine/files.h"

#include <fmt/format.h>
#include <stdexcept>

namespace ashlar::suite {

std::string program(const std::string& name) {
    const auto found = machine::find_companion(name);
    if (!found) {
        throw std::runtime_error(
            fmt::format("the program {0} is missing beside this one in {1}; build it with: "
                        "cmake --build --preset release --target {0}",
                        name, machine::program_folder().string()));
    }
    return found->string();
}

} // namespace ashlar::suite
