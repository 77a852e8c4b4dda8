// SPDX-License-Identifier: MIT
// What the file of a program says about whether a preloaded allocator can serve it.
#pragma once

#include <filesystem>

namespace ashlar::allocators {

struct ProgramFile {
    bool is_static = false;      // no dynamic linker, so nothing is preloaded
    bool defines_malloc = false; // for itself and its libraries: a preloaded one comes after it
};

// All false for what is no 64-bit ELF file of this machine's byte order.
ProgramFile look_at_program(const std::filesystem::path& path);

} // namespace ashlar::allocators
