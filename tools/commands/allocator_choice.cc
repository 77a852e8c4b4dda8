// SPDX-License-Identifier: MIT
#include "commands/allocator_choice.h"

#include "machine/terminal.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <stdexcept>

namespace ashlar::commands {

namespace {

void check(const AllocatorChoice& choice) {
    if (choice.baseline_only && !choice.named.empty()) {
        throw std::invalid_argument(
            "--baseline-only chooses the allocators; leave out --allocators, or name those that you want");
    }
}

} // namespace

void add_allocator_options(CLI::App& command, AllocatorChoice& choice, const std::string& otherwise) {
    command
        .add_option("--allocators", choice.named,
                    fmt::format("Those to compare with System: {}, or name=/path/to/library.so",
                                allocators::known_names()))
        ->default_str(otherwise)
        ->delimiter(',')
        ->allow_extra_args(false)
        ->type_name("ALLOCATOR");
    command.add_flag("--baseline-only", choice.baseline_only,
                     "Compare the default of --allocators without Ashlar");
}

std::vector<allocators::Allocator> chosen(const AllocatorChoice& choice, allocators::Breadth breadth,
                                          const std::string& who) {
    check(choice);
    allocators::Selection selection = choice.named.empty()
                                          ? allocators::select_installed(breadth, !choice.baseline_only)
                                          : allocators::select(choice.named);
    tell_missing(selection.missing, who);
    return std::move(selection.found);
}

std::vector<allocators::Allocator> chosen_for_quick(const AllocatorChoice& choice) {
    check(choice);
    if (choice.baseline_only) {
        throw std::invalid_argument(
            "--baseline-only leaves out Ashlar, and --quick runs System and Ashlar; leave out one of them");
    }
    return allocators::select(choice.named.empty() ? std::vector<std::string>{"ashlar"} : choice.named).found;
}

void tell_missing(const std::vector<std::string>& missing, const std::string& who) {
    for (const std::string& each : missing) {
        machine::tell(stderr, "ashlar {}: goes on without: {}\n", who, each);
    }
}

} // namespace ashlar::commands
