// SPDX-License-Identifier: MIT
// Properties of a library's file: its size, its thread-local storage, its instructions.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ashlar::alarm {

struct LibraryFile {
    std::uint64_t loaded_bytes = 0; // of all loadable segments
    std::uint64_t tls_bytes = 0;    // per thread
    // Functions with instructions above the architecture's baseline, each with the first one: "malloc:
    // vmovdqu". Empty on architectures other than x86-64.
    std::vector<std::string> above_baseline{};
    std::string trouble{}; // one sentence about what could not be read
};

LibraryFile read_library_file(const std::string& path);

// Returns whether x86-64's first version lacks an instruction. The arguments are those of objdump's output.
bool is_above_baseline(const std::string& mnemonic, const std::string& operands);

} // namespace ashlar::alarm
