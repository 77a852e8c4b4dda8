// SPDX-License-Identifier: MIT
// Small files read whole, and where this program and its companions lie.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace ashlar::machine {

// Nothing if the file cannot be opened. Works for /proc, where files have no size.
std::optional<std::string> read_file(const std::filesystem::path& path);

// The folder of the running executable.
const std::filesystem::path& program_folder();

// The arguments that this program was started with, itself included.
std::vector<std::string> command_line();

// Where files may be kept that can be made again: $XDG_CACHE_HOME, else ~/.cache, else a folder for temporary
// files that is this user's alone.
std::filesystem::path cache_folder();

// A program that is built and installed with this one: beside it, or in the installation's libexec.
std::optional<std::filesystem::path> find_companion(const std::string& name);

} // namespace ashlar::machine
