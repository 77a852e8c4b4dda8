// SPDX-License-Identifier: MIT
// Finds functions, files and lines for places in executables and libraries, with libdw. Reads symbol tables
// and DWARF beside or inside the file. Asks debuginfod if DEBUGINFOD_URLS names servers. Rejects a file whose
// build id differs from the loaded one, for example after an upgrade, and looks for a copy with the right id.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

namespace ashlar::symbols {

// A mapped file.
struct Object {
    std::string path;
    std::string build_id; // raw bytes; empty: unknown, so any file at `path` is accepted
    std::string root{};   // prefix of `path` on this machine, of a container for example

    auto operator<=>(const Object&) const = default; // NOLINT(modernize-use-nullptr): clang-tidy 14's mistake
};

struct Location {
    std::string function{}; // demangled
    std::string file{};     // empty: unknown
    unsigned line = 0;      // 0: unknown
    bool inlined = false;   // into the next location
};

class ObjectFile; // an open object

class Symbolizer {
  public:
    Symbolizer();
    ~Symbolizer();
    Symbolizer(const Symbolizer&) = delete;
    Symbolizer& operator=(const Symbolizer&) = delete;

    // Returns the functions at `offset` in the file, as mappings give it: inlined ones first, innermost
    // first. Returns an empty list if nothing is known.
    const std::vector<Location>& look_up(const Object& object, std::uint64_t offset);

    // Returns the variable `distance` bytes above the place `offset` in memory, or an empty string if there
    // is none.
    std::string variable(const Object& object, std::uint64_t offset, std::uint64_t distance);

    // Returns the reasons for missing names, each once, as sentences that say what to do.
    std::vector<std::string> notes() const;

  private:
    ObjectFile& open(const Object& object);

    std::map<Object, std::unique_ptr<ObjectFile>> objects_;
    std::map<std::pair<Object, std::uint64_t>, std::vector<Location>> known_;
};

} // namespace ashlar::symbols
