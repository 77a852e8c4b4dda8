// SPDX-License-Identifier: MIT
#include "machine/program_search.h"

#include <catch2/catch.hpp>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

using ashlar::machine::find_program;

TEST_CASE("program search: a word without a slash is looked for in PATH") {
    const auto shell = find_program("sh");
    CHECK(shell.error == 0);
    CHECK(std::filesystem::is_regular_file(shell.path));
    CHECK(find_program("no-such-command-anywhere").error == ENOENT);
    CHECK(find_program("no-such-command-anywhere").path.empty());
    CHECK(find_program("").error == ENOENT);
}

TEST_CASE("program search: a word with a slash is a path") {
    CHECK(find_program("/bin/sh").error == 0);
    CHECK(find_program("/no/such/file").error == ENOENT);
    CHECK(find_program("/no/such/file").path == "/no/such/file");
    CHECK(find_program("/etc/passwd").error == EACCES);
    CHECK(find_program("/etc").error == EACCES);
    CHECK(find_program("/etc/passwd/x").error == ENOTDIR);
}

TEST_CASE("program search: what may not be executed hides nothing that comes later in PATH") {
    const std::string before = std::getenv("PATH"); // NOLINT(concurrency-mt-unsafe): there is one thread
    char folder[] = "/tmp/ashlar-search-XXXXXX";
    REQUIRE(mkdtemp(folder) != nullptr);
    for (const char* const name : {"/sh", "/only-here"}) {
        std::ofstream(std::string(folder) + name) << "text\n";
    }
    setenv("PATH", (std::string(folder) + ":" + before).c_str(), 1); // NOLINT(concurrency-mt-unsafe)
    CHECK(find_program("sh").error == 0);
    CHECK(find_program("only-here").error == EACCES);
    setenv("PATH", before.c_str(), 1); // NOLINT(concurrency-mt-unsafe)
    std::filesystem::remove_all(folder);
}
