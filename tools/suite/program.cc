// SPDX-License-Identifier: MIT
#include "suite/program.h"

#include "machine/files.h"

#include <fmt/format.h>
#include <stdexcept>

namespace ashlar::suite {

std::string program(const std::string& name) {
    const auto found = machine::find_companion(name);
    if (!found) {
        throw std::runtime_error("the program " + how_to_get(name, name));
    }
    return found->string();
}

std::string how_to_get(const std::string& file, const std::string& target) {
    return fmt::format(
        "{} is missing beside this one in {}; the Debian package `ashlar` has the benchmark programs. "
        "In a clone, build it with `cmake --preset release && cmake --build --preset release "
        "--target {}`",
        file, machine::program_folder().string(), target);
}

} // namespace ashlar::suite
