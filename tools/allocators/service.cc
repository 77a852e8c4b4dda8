// SPDX-License-Identifier: MIT
#include "allocators/service.h"

#include "machine/elf_file.h"

#include <stdexcept>

namespace ashlar::allocators {

namespace {

// Returns an empty ElfFile for a file that is unreadable or damaged.
machine::ElfFile look_at(const std::string& executable) {
    try {
        return machine::read_elf(executable).value_or(machine::ElfFile{});
    } catch (const std::runtime_error&) {
        return {};
    }
}

} // namespace

std::string why_unserved(const measure::Run& run) {
    if (run.ending != measure::Ending::kExited) {
        return "";
    }
    for (const measure::Image& image : run.images) {
        const machine::ElfFile file = look_at(image.executable);
        if (image.preload_mapped && file.exports.contains("malloc")) {
            return image.executable + " has a malloc of its own, which nothing that is preloaded replaces";
        }
        if (!image.preload_mapped) {
            const bool is_static = file.is_64_bit && file.interpreter.empty();
            return "its library was not in the memory of " +
                   (run.images.size() == 1 ? "the command" : image.executable) +
                   (is_static ? ": " + image.executable + " is static, nothing can be preloaded for it" : "");
        }
    }
    return "";
}

} // namespace ashlar::allocators
