// SPDX-License-Identifier: MIT
// The addresses of a function's or a line's code in an executable or library, including all inlined copies.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ashlar::symbols {

// A range of addresses as in the file.
struct CodeRange {
    std::uint64_t begin;
    std::uint64_t end;
};

// `name` may omit leading scopes: "push" matches "Queue<int>::push(int)". Arguments are ignored.
std::vector<CodeRange> ranges_of_function(const std::string& object, const std::string& name);
// `file` may omit leading folders. Code of other lines that was inlined into the line is included.
std::vector<CodeRange> ranges_of_line(const std::string& object, const std::string& file, unsigned line);

} // namespace ashlar::symbols
