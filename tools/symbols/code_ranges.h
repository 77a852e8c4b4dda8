// SPDX-License-Identifier: MIT
// The code of a function, or of a line, in an executable or library. It tells where it lies, and all its
// copies that were inlined into others.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ashlar::symbols {

// Addresses as the file itself has them.
struct CodeRange {
    std::uint64_t begin;
    std::uint64_t end;
};

// `name` may leave out scopes in front: "push" stands for "Queue<int>::push(int)". Arguments do not count.
std::vector<CodeRange> ranges_of_function(const std::string& object, const std::string& name);
// `file` may leave out folders in front. Code of other lines that was inlined into the line is part of it.
std::vector<CodeRange> ranges_of_line(const std::string& object, const std::string& file, unsigned line);

} // namespace ashlar::symbols
