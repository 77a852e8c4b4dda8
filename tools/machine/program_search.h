// SPDX-License-Identifier: MIT
// Which file a command's first word stands for.
#pragma once

#include <string>

namespace ashlar::machine {

struct FoundProgram {
    std::string path; // empty if PATH has none; a word with a slash is its own path, whatever it leads to
    int error = 0;    // why it cannot be executed, as execvp would say: ENOENT, EACCES, ...
};

// As execvp looks for it, without executing it: whether the kernel likes what is in the file is not known.
FoundProgram find_program(const std::string& word);

} // namespace ashlar::machine
