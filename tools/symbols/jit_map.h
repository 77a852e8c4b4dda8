// SPDX-License-Identifier: MIT
// Names of functions that a program compiled at run time, from the file that it writes for perf.
// /tmp/perf-PID.map has one line "begin length name" per function, in hexadecimal. node writes it with
// --perf-basic-prof, Java with -XX:+DumpPerfMapAtExit, Python with -X perf.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace ashlar::symbols {

class JitMap {
  public:
    JitMap() = default;
    // Skips malformed lines. Of functions at one address, the last one counts.
    explicit JitMap(std::string_view text);

    std::optional<std::string> function_at(std::uint64_t address) const;

  private:
    struct Function {
        std::uint64_t end;
        std::string name;
    };
    std::map<std::uint64_t, Function> functions_;
};

// Reads the map of process number `process`, whose files lie below `root`. Ignores a file written before
// `start` (seconds since 1970): it is of another process that had the same number.
JitMap read_jit_map(const std::string& root, std::uint32_t process, std::int64_t start);

} // namespace ashlar::symbols
