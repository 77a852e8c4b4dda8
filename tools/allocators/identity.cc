// SPDX-License-Identifier: MIT
#include "allocators/identity.h"

#include "measure/child.h"

#include <dlfcn.h>
#include <filesystem>
#include <stdlib.h> // NOLINT(modernize-deprecated-headers): an address of the C library is wanted

namespace ashlar::allocators {

namespace {

// Returns the output of a short query, or an empty text if it fails.
std::string answer(std::vector<std::string> command, const machine::Interrupt* interrupt) {
    const measure::Run run = measure::run({.arguments = std::move(command)},
                                          {.time_limit = std::chrono::seconds(10), .interrupt = interrupt});
    return run.succeeded() ? run.output : "";
}

// dpkg may record a file without the /usr of its real path.
std::string package_of(const std::string& library, const machine::Interrupt* interrupt) {
    for (const std::string& path : {library, library.starts_with("/usr/") ? library.substr(4) : library}) {
        const std::string line = answer({"dpkg-query", "--search", path}, interrupt);
        if (const auto end = line.find(": "); end != std::string::npos) {
            return answer(
                {"dpkg-query", "--show", "--showformat", "${Package} ${Version}", line.substr(0, end)},
                interrupt);
        }
    }
    return "";
}

} // namespace

std::string c_library() {
    Dl_info info{};
    if (dladdr(reinterpret_cast<const void*>(&::exit), &info) == 0 || info.dli_fname == nullptr) {
        return "";
    }
    std::error_code error;
    return std::filesystem::canonical(info.dli_fname, error).string();
}

Identity identify(const Allocator& allocator, const machine::Interrupt* interrupt) {
    Identity identity{
        .library = allocator.is_preloaded() ? allocator.library : c_library(), .sha256 = "", .package = ""};
    const std::string sum = answer({"sha256sum", identity.library}, interrupt);
    identity.sha256 = sum.substr(0, sum.find(' '));
    identity.package = package_of(identity.library, interrupt);
    return identity;
}

} // namespace ashlar::allocators
