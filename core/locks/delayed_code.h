// SPDX-License-Identifier: MIT
//
// Code to be delayed: ranges of addresses in files, from the settings.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ashlar::locks {

struct FileNumber {
    std::uint64_t device = 0;
    std::uint64_t inode = 0; // 0: no file
    bool operator==(const FileNumber&) const = default;
};
// Returns the number of a file, or {}. Follows links, because a library is known by several paths.
FileNumber number_of(const char* path);

struct DelayedCode {
    FileNumber file;
    std::uintptr_t begin; // address in the file
    std::uintptr_t end;
    std::uint64_t nanoseconds;
};

// Adds a delay from text like "FILE+0x1234-0x1240". Returns false if it is malformed or one too many.
bool add_delayed_code(std::uint64_t nanoseconds, std::string_view text);
bool has_delayed_code();
// Returns the delay that covers `call`, an address in `file`, or null.
const DelayedCode* find_delayed_code(FileNumber file, std::uintptr_t call);

} // namespace ashlar::locks
