// SPDX-License-Identifier: MIT
// Names of functions that a program has compiled at run time. They come from the file that it writes for
// perf: /tmp/perf-PID.map, one "begin length name" a line in hexadecimal. node writes it with
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
    // Lines that cannot be understood are left out. Of functions in one place the last one counts.
    explicit JitMap(std::string_view text);

    std::optional<std::string> function_at(std::uint64_t address) const;

  private:
    struct Function {
        std::uint64_t end;
        std::string name;
    };
    std::map<std::uint64_t, Function> functions_;
};

// Of the process that had this number and saw its files below `root`, if the file was written after `start`
// (seconds since 1970). An older one is of another process that had the same number.
JitMap read_jit_map(const std::string& root, std::uint32_t process, std::int64_t start);

} // namespace ashlar::symbols
