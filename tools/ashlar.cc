// SPDX-License-Identifier: MIT
// ashlar: one command to run, compare and understand programs under different allocators.
#include "commands/command.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>

namespace {

using namespace ashlar::commands;

int run(int argc, char** argv) {
    CLI::App app("Compare memory allocators on this machine", "ashlar");
    app.set_version_flag("--version", ASHLAR_VERSION);
    app.require_subcommand(1);
    Action action;
    add_bench(app, action);
    add_compare(app, action);
    add_repeat(app, action);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? kSuccess : kUsageError;
    }
    return action();
}

int fail(const std::exception& error, int status) {
    std::fprintf(stderr, "ashlar: %s\n", error.what());
    return status;
}

} // namespace

int main(int argc, char** argv) {
    try {
        return run(argc, argv);
    } catch (const std::invalid_argument& error) {
        return fail(error, kUsageError);
    } catch (const std::exception& error) {
        return fail(error, kSomethingFailed);
    }
}
