// SPDX-License-Identifier: MIT
//
// Reads /proc for a program just after its execve.
#include "diagnose/explain.h"
#include "diagnose/loaded_objects.h"
#include "diagnose/program_image.h"

#include <catch2/catch.hpp>

using namespace ashlar::diagnose;

namespace {

ProgramImage image(pid_t process, const char* path, std::vector<std::string> arguments) {
    ProgramImage made;
    made.process = process;
    made.path = path;
    made.arguments = std::move(arguments);
    return made;
}

LoadedObjects objects(std::initializer_list<const char*> paths) {
    LoadedObjects made{.known = LoadedObjects::Known::kFiles, .objects = {}};
    for (const char* const path : paths)
        made.objects.push_back({.path = path, .calls_malloc_of = ""});
    return made;
}

TEST_CASE("early look: a program without its arguments is the beginning of the same one with them") {
    const ProgramImage sleep = image(7, "/usr/bin/sleep", {"sleep", "1"});
    CHECK(is_beginning(image(7, "/usr/bin/sleep", {}), sleep));
    CHECK_FALSE(is_beginning(image(7, "/usr/bin/sleep", {"sleep"}), sleep)); // it executed itself
    CHECK_FALSE(is_beginning(image(7, "/bin/sh", {}), sleep));
    CHECK_FALSE(is_beginning(image(8, "/usr/bin/sleep", {}), sleep));
    CHECK_FALSE(is_beginning(image(7, "/usr/bin/sleep", {}), image(7, "/usr/bin/sleep", {})));
}

TEST_CASE("early look: a program with its loader alone has not loaded anything yet") {
    CHECK(objects({"/usr/bin/sleep", "/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"}).are_few());
    CHECK(objects({"/usr/lib64/ld-linux-x86-64.so.2"}).are_few());
    CHECK_FALSE(objects({"/usr/bin/sleep", "/usr/lib/libc.so.6", "/usr/lib/ld-linux-x86-64.so.2"}).are_few());
    CHECK_FALSE(objects({"/usr/sbin/static-program"}).are_few());
    CHECK_FALSE(objects({}).are_few());
}

TEST_CASE("early look: a program that was replaced before it had its loader is not judged") {
    constexpr const char* kLibrary = "/usr/lib/libashlar.so";
    ObservedProgram program;
    program.image = image(7, "/usr/bin/sleep", {"sleep", "1"});
    program.image.loaded = objects({"/usr/bin/sleep"});
    program.fate = ObservedProgram::Fate::kReplaced;
    CHECK(explain({program}, kLibrary, "").front().state == State::kUnknown);
    program.fate = ObservedProgram::Fate::kEnded;
    CHECK(explain({program}, kLibrary, "").front().state == State::kNotLoaded);
}

} // namespace
