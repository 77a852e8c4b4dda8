// SPDX-License-Identifier: MIT
//
// Which code is to be delayed: ranges of addresses in files, from the settings.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ashlar::locks {

struct FileNumber {
    std::uint64_t device = 0;
    std::uint64_t inode = 0; // 0: none
    bool operator==(const FileNumber&) const = default;
};
// Links are followed: a library is known by several paths.
FileNumber number_of(const char* path);

struct DelayedCode {
    FileNumber file;
    std::uintptr_t begin; // as the file itself has it
    std::uintptr_t end;
    std::uint64_t nanoseconds;
};

// "FILE+0x1234-0x1240". False if it is none of that, or there are too many.
bool add_delayed_code(std::uint64_t nanoseconds, std::string_view text);
bool has_delayed_code();
// Of a call that lies there; null: it is not delayed.
const DelayedCode* find_delayed_code(FileNumber file, std::uintptr_t call);

} // namespace ashlar::locks
