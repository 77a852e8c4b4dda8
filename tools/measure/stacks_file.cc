// SPDX-License-Identifier: MIT
#include "measure/stacks_file.h"

#include "machine/descriptor.h"
#include "measure/stacks.h"

#include <cstdlib>
#include <fstream>

namespace ashlar::measure {

namespace {

// Creates a file that only this user can read. Returns an empty text on failure.
std::string new_file(const std::filesystem::path& folder, const std::string& name) {
    constexpr std::string_view kEnding = ".txt";
    std::string path = folder / (name + "-XXXXXX" + std::string(kEnding));
    const machine::Descriptor made(mkstemps(path.data(), kEnding.size()));
    return made.open() ? path : "";
}

} // namespace

StacksFile::StacksFile(std::filesystem::path folder, std::string name, std::string heading,
                       const machine::Interrupt* interrupt)
    : folder_(std::move(folder)), name_(std::move(name)), heading_(std::move(heading)),
      interrupt_(interrupt) {}

void StacksFile::add(const std::vector<pid_t>& processes) {
    if (path_.empty()) {
        deadline_ = std::chrono::steady_clock::now() + kDebuggerLimit;
        path_ = new_file(folder_, name_);
    }
    const std::string stacks = thread_stacks(processes, deadline_, interrupt_);
    std::ofstream(path_, std::ios::app) << heading_ << "\n\n" << stacks;
}

} // namespace ashlar::measure
