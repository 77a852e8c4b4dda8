// SPDX-License-Identifier: MIT
// What is fixed when a library is built: its size, its thread-local storage, the instructions in it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ashlar::alarm {

struct LibraryFile {
    std::uint64_t loaded_bytes = 0; // of all loadable segments
    std::uint64_t tls_bytes = 0;    // of each thread
    // Functions with instructions that not every processor of the architecture has, each with the first one:
    // "malloc: vmovdqu". Empty on other architectures than x86-64.
    std::vector<std::string> above_baseline{};
    std::string trouble{}; // one sentence about what could not be read
};

LibraryFile read_library_file(const std::string& path);

// Whether x86-64's first version lacks this instruction, by its name in objdump's output.
bool is_above_baseline(const std::string& mnemonic, const std::string& operands);

} // namespace ashlar::alarm
