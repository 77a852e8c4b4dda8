// SPDX-License-Identifier: MIT
#include "diagnose/library.h"

#include "allocators/find.h"
#include "machine/elf_file.h"

#include <elf.h>
#include <stdexcept>

namespace ashlar::diagnose {

std::string library_to_preload(const std::string& named, allocators::Edition edition) {
    if (named.empty()) {
        if (const auto found = allocators::find_ashlar(edition)) {
            return *found;
        }
        throw std::invalid_argument(allocators::how_to_get_ashlar(edition) + ", or name it with --library");
    }
    std::error_code error;
    std::string path = std::filesystem::canonical(named, error);
    if (error) {
        throw std::invalid_argument("--library: " + named + ": " + error.message());
    }
    try {
        const auto file = machine::read_elf(path);
        const auto own = machine::read_elf("/proc/self/exe");
        if (!file || file->type != ET_DYN || !file->interpreter.empty()) {
            throw std::invalid_argument("--library: " + named + " is no shared library");
        }
        if (own && !file->fits(*own)) {
            throw std::invalid_argument("--library: " + named + " is for " + file->architecture() +
                                        ", this machine's programs are " + own->architecture());
        }
        if (!file->exports.contains("malloc")) {
            throw std::invalid_argument("--library: " + named + " does not define malloc");
        }
    } catch (const std::runtime_error& damage) {
        throw std::invalid_argument(std::string("--library: ") + damage.what());
    }
    return path;
}

} // namespace ashlar::diagnose
