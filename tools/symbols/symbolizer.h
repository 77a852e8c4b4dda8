// SPDX-License-Identifier: MIT
// From places in executables and libraries to functions, files and lines, by libdw. It reads symbol tables,
// DWARF beside or inside the file, and asks debuginfod where DEBUGINFOD_URLS names servers. A file that is
// not the one that was loaded (its build id differs, because it was upgraded) is refused. A copy with the
// right build id is looked for instead.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

namespace ashlar::symbols {

// A file that was mapped.
struct Object {
    std::string path;
    std::string build_id; // bytes; empty if it is not known, and then any file of that path is taken
    std::string root{};   // below which the path is, a container's for example

    auto operator<=>(const Object&) const = default; // NOLINT(modernize-use-nullptr): clang-tidy 14's mistake
};

struct Location {
    std::string function{}; // demangled
    std::string file{};     // empty if nothing tells
    unsigned line = 0;      // 0 if nothing tells
    bool inlined = false;   // its code lies in that of the next one
};

class ObjectFile; // an object that is open

class Symbolizer {
  public:
    Symbolizer();
    ~Symbolizer();
    Symbolizer(const Symbolizer&) = delete;
    Symbolizer& operator=(const Symbolizer&) = delete;

    // Who is there: innermost first, the inlined ones and then the function itself. Empty if nothing is
    // known. `offset` is a place in the file, as mappings have it.
    const std::vector<Location>& look_up(const Object& object, std::uint64_t offset);

    // The variable that lies so many bytes behind a place in the file, as both are loaded; empty if none
    // does.
    std::string variable(const Object& object, std::uint64_t offset, std::uint64_t distance);

    // What kept names from being found, in sentences that say what to do; each once.
    std::vector<std::string> notes() const;

  private:
    ObjectFile& open(const Object& object);

    std::map<Object, std::unique_ptr<ObjectFile>> objects_;
    std::map<std::pair<Object, std::uint64_t>, std::vector<Location>> known_;
};

} // namespace ashlar::symbols
