// SPDX-License-Identifier: MIT
// Finds Ashlar in a running process by the library's ELF note in memory, which leads to the heap's tables.
// Does not read the file, which may have been replaced since.
#pragma once

#include "process/memory.h"
#include "process/smaps.h"

#include <ashlar/statistics_layout.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace ashlar::observe {

struct Library {
    std::string path; // mapped file: the library, or a program that contains it
    std::string version{};
    process::Address place = 0; // address of the tables in the process
    ashlar_tables tables{};     // fields that an older library lacks are 0
};

enum class Found {
    kLibrary,
    kNone,         // no note: no Ashlar, or a version without notes
    kOtherVersion, // its tables have another layout
    kForbidden,    // the memory must not be read
    kGone,         // the process has ended
};
struct LibrarySearch {
    Found found = Found::kNone;
    std::optional<Library> library;
    std::string path; // for kOtherVersion and kForbidden: the file, in the second case guessed by name
};
// Of several libraries, returns the one that holds most memory. A preloaded one may be above a program's
// static one.
LibrarySearch find_library(const process::Memory& memory, const std::vector<process::Mapping>& mappings);

// Returns whether `library` is still there. False after an exec.
bool is_still_there(const process::Memory& memory, const Library& library);

// Returns whether a file of /proc/PID/maps is named like Ashlar's libraries.
bool is_called_ashlar(const std::string& path);

// Returns the offset of Ashlar's note in the notes of an ELF segment, or nothing.
std::optional<std::size_t> find_note(std::span<const unsigned char> notes, std::size_t alignment);

} // namespace ashlar::observe
