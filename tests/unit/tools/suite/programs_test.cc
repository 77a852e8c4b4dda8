// SPDX-License-Identifier: MIT
#include "suite/own_programs.h"
#include "suite/programs.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <set>
#include <stdexcept>
#include <stdlib.h> // NOLINT(modernize-deprecated-headers): mkdtemp

namespace fs = std::filesystem;
using namespace ashlar;

namespace {

class Folder {
  public:
    Folder() : path_("/tmp/ashlar-programs-XXXXXX") { REQUIRE(mkdtemp(path_.data()) != nullptr); }
    ~Folder() { fs::remove_all(path_); }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;

    std::string file(const std::string& name, const std::string& text, bool executable) const {
        const fs::path path = fs::path(path_) / name;
        std::ofstream(path) << text;
        fs::permissions(path, executable ? fs::perms::owner_all : fs::perms::owner_read);
        return path;
    }
    const std::string& path() const { return path_; }

  private:
    std::string path_;
};

} // namespace

TEST_CASE("programs: each is run or named as missing, once") {
    std::set<std::string> known;
    for (const suite::RealProgram& program : suite::real_programs()) {
        CHECK(known.insert(program.name).second);
        CHECK_FALSE(program.about.empty());
    }
    CHECK(known == std::set<std::string>{"redis", "sqlite3", "python3", "g++", "node", "git", "imagemagick",
                                         "postgresql"});
    const suite::ProgramSuite all = suite::program_suite({}, "/scratch", true);
    CHECK(all.configurations.size() + all.missing.size() == known.size());
    for (const compare::Configuration& configuration : all.configurations) {
        INFO(configuration.name);
        CHECK(known.contains(configuration.name));
        CHECK(configuration.prints == compare::Prints::kAnything);
        for (const std::string& word : configuration.command) {
            CHECK(word.find("@COUNT@") == std::string::npos);
            CHECK(word.find("@FOLDER@") == std::string::npos);
        }
        CHECK(configuration.server.find("@FOLDER@") == std::string::npos);
    }
    for (const std::string& sentence : all.missing) {
        CHECK_THAT(sentence, Catch::Contains("is not installed; apt-get install"));
    }
}

TEST_CASE("programs: only those named, with less work if it is to be quick") {
    const auto quick = suite::program_suite({"python3"}, "/scratch", true);
    const auto whole = suite::program_suite({"python3"}, "/scratch", false);
    REQUIRE(quick.configurations.size() == 1);
    CHECK(quick.configurations[0].command[2] != whole.configurations[0].command[2]);
}

TEST_CASE("own programs: an executable is run as it is") {
    const Folder folder;
    const std::string path = folder.file("one", "#!/bin/sh\n", true);
    const auto found = suite::own_programs(path);
    REQUIRE(found.size() == 1);
    CHECK(found[0].command == std::vector<std::string>{path});
    CHECK(found[0].name == path);
    CHECK(found[0].prints == compare::Prints::kAnything);
}

TEST_CASE("own programs: a script that may not be executed is given to what its first line names") {
    const Folder folder;
    const std::string path = folder.file("script", "#! /usr/bin/env  python3 -u \nprint()\n", false);
    const auto found = suite::own_programs(path);
    REQUIRE(found.size() == 1);
    CHECK(found[0].command == std::vector<std::string>{"/usr/bin/env", "python3 -u", path});
}

TEST_CASE("own programs: of a folder the executable files, by name") {
    const Folder folder;
    folder.file("b", "#!/bin/sh\n", true);
    folder.file("a", "#!/bin/sh\n", true);
    folder.file("notes.txt", "text\n", false);
    folder.file("script", "#!/bin/sh\n", false);
    fs::create_directory(fs::path(folder.path()) / "below");
    const auto found = suite::own_programs(folder.path());
    REQUIRE(found.size() == 2);
    CHECK(found[0].name == folder.path() + "/a");
    CHECK(found[1].name == folder.path() + "/b");
    CHECK(suite::own_programs(folder.path() + "/")[0].name == found[0].name);
}

TEST_CASE("own programs: what cannot be run is refused with a remedy") {
    const Folder folder;
    CHECK_THROWS_WITH(suite::own_programs(folder.path()), Catch::Contains("holds no executable file"));
    const std::string text = folder.file("notes.txt", "text\n", false);
    CHECK_THROWS_WITH(suite::own_programs(text), Catch::Contains("chmod +x " + text));
    const std::string empty = folder.file("empty", "#!\n", false);
    CHECK_THROWS_AS(suite::own_programs(empty), std::invalid_argument);
}
