// SPDX-License-Identifier: MIT
// Reads by libelf what an executable or library says about itself. That is what it was built for, who loads
// it, and which functions it defines and wants. Reads any file: sizes and offsets in it are believed only as
// far as the file goes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <set>
#include <string>

namespace ashlar::machine {

using Names = std::set<std::string, std::less<>>;

struct ElfFile {
    bool is_64_bit = false;
    bool is_little_endian = false;
    std::uint16_t type = 0;    // ET_EXEC, ET_DYN, ...
    std::uint16_t machine = 0; // EM_X86_64, ...

    // The rest is filled in only for files of this program's own word size and byte order.
    std::string interpreter;        // the dynamic loader that it asks for; empty: none, or a library
    bool needs_libraries = false;   // the loader loads others with it
    std::uint64_t loaded_bytes = 0; // of all loadable segments
    std::uint64_t tls_bytes = 0;    // of each thread
    Names exports;                  // functions that others can be bound to
    Names imports;                  // functions that it is bound to when it is loaded
    Names internal;                 // functions that only its own code sees; empty when stripped

    // Can a process of one hold the other?
    bool fits(const ElfFile& other) const {
        return is_64_bit == other.is_64_bit && is_little_endian == other.is_little_endian &&
               machine == other.machine;
    }
    // "64-bit AMD x86-64"
    std::string architecture() const;
};

// Nothing if it is no ELF file. Throws std::runtime_error, with a sentence that names the file, if it cannot
// be read or is damaged.
std::optional<ElfFile> read_elf(const std::filesystem::path& path);

// The bytes of a file's build id; empty if it has none, is no ELF file or cannot be read.
std::string build_id(const std::filesystem::path& path);

// The interpreter of a script, "/bin/sh" of "#!/bin/sh -e"; nothing if the file does not begin so.
std::optional<std::string> shebang(const std::filesystem::path& path);

} // namespace ashlar::machine
