// SPDX-License-Identifier: MIT
// What another program prints.
#pragma once

#include <string>
#include <vector>

namespace ashlar::machine {

struct ProgramOutput {
    int error = 0;  // why it could not be started: ENOENT, EACCES, ...; the rest is empty then
    int status = 0; // exit status, or 128 and the number of the signal that killed it
    std::string output;
    std::string errors;
};

// Runs the program, which is searched in PATH, without input, until it ends.
ProgramOutput output_of(const std::vector<std::string>& command);

} // namespace ashlar::machine
