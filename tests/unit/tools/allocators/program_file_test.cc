// SPDX-License-Identifier: MIT
#include "allocators/program_file.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <unistd.h>

using ashlar::allocators::look_at_program;

TEST_CASE("program file: an ordinary program takes what is preloaded") {
    const auto shell = look_at_program("/bin/sh");
    CHECK_FALSE(shell.is_static);
    CHECK_FALSE(shell.defines_malloc);
}

TEST_CASE("program file: what is no program says nothing, however broken it is") {
    CHECK_FALSE(look_at_program("/no/such/file").is_static);
    CHECK_FALSE(look_at_program("/etc/passwd").is_static);

    // A real one, cut off at many places and with its header's offsets beyond the end.
    std::ifstream file("/bin/sh", std::ios::binary);
    const std::string whole{std::istreambuf_iterator<char>(file), {}};
    const auto path = std::filesystem::temp_directory_path() / ("program-" + std::to_string(getpid()));
    const auto write = [&](const std::string& bytes) { std::ofstream(path, std::ios::binary) << bytes; };
    for (std::size_t length = 0; length < whole.size(); length += whole.size() / 37 + 1) {
        write(whole.substr(0, length));
        CHECK_FALSE(look_at_program(path).defines_malloc);
    }
    std::string broken = whole;
    for (std::size_t at = 0x20; at < 0x40; ++at) {
        broken[at] = '\xff';
    }
    write(broken);
    CHECK_FALSE(look_at_program(path).defines_malloc);
    std::filesystem::remove(path);
}
