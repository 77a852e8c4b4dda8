// SPDX-License-Identifier: MIT
// The Ashlar in a process that runs: found in its memory by the library's ELF note, which leads to the tables
// of its heap. The file is not asked: it may have been replaced since.
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
    std::string path; // of the file that it was mapped from: the library, or a program that holds it
    std::string version{};
    process::Address place = 0; // of the tables in the process
    ashlar_tables tables{};     // fields that an older library does not have are 0
};

enum class Found {
    kLibrary,
    kNone,         // no note: no Ashlar, or one from before there were notes
    kOtherVersion, // its tables mean something else
    kForbidden,    // the memory may not be read
    kGone,         // the process has ended
};
struct LibrarySearch {
    Found found = Found::kNone;
    std::optional<Library> library;
    std::string path; // with kOtherVersion and kForbidden: the file that it is or, by its name, seems to be
};
// Of several (a program with the static library under the preloaded one) the one that holds most.
LibrarySearch find_library(const process::Memory& memory, const std::vector<process::Mapping>& mappings);

// What was found is still there: not if another program was executed meanwhile.
bool is_still_there(const process::Memory& memory, const Library& library);

// A file in /proc/PID/maps is called as Ashlar's libraries are.
bool is_called_ashlar(const std::string& path);

// The place of Ashlar's note in the notes of an ELF segment; nothing if it is not there.
std::optional<std::size_t> find_note(std::span<const unsigned char> notes, std::size_t alignment);

} // namespace ashlar::observe
