// SPDX-License-Identifier: MIT
#include "allocators/find.h"

#include "machine/files.h"
#include "machine/nearest_word.h"

#include <algorithm>
#include <array>
#include <dlfcn.h>
#include <filesystem>
#include <stdexcept>
#include <stdlib.h> // NOLINT(modernize-deprecated-headers): an address of the C library is wanted
#include <string_view>

namespace ashlar::allocators {

namespace {

namespace fs = std::filesystem;

struct Known {
    std::string_view name;
    std::string_view file;
    std::string_view package; // of Debian 12
    bool by_default;
};

constexpr std::string_view kAshlar = "ashlar";
constexpr std::string_view kAshlarHardened = "ashlar-hardened";
constexpr std::string_view kOneArena = "one-arena"; // the C library's allocator, limited to one arena

constexpr std::array kPeers{
    Known{.name = "jemalloc", .file = "libjemalloc.so.2", .package = "libjemalloc2", .by_default = true},
    Known{.name = "mimalloc", .file = "libmimalloc.so.2.0", .package = "libmimalloc2.0", .by_default = true},
    Known{.name = "tcmalloc",
          .file = "libtcmalloc_minimal.so.4",
          .package = "libtcmalloc-minimal4",
          .by_default = true},
    Known{.name = "tbbmalloc",
          .file = "libtbbmalloc_proxy.so.2",
          .package = "libtbbmalloc2",
          .by_default = false},
    Known{.name = "scudo",
          .file = "libclang_rt.scudo_standalone-x86_64.so",
          .package = "libclang-rt-14-dev",
          .by_default = false},
};

Allocator one_arena() {
    return {.name = std::string(kOneArena), .library = "", .environment = {"MALLOC_ARENA_MAX=1"}};
}

// Returns the folders where distributions put libraries, beginning with that of the C library.
std::vector<fs::path> library_folders() {
    std::vector<fs::path> folders;
    Dl_info info{};
    if (dladdr(reinterpret_cast<const void*>(&::exit), &info) != 0 && info.dli_fname != nullptr) {
        folders.push_back(fs::path(info.dli_fname).parent_path());
    }
    for (const char* const folder : {"/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu",
                                     "/usr/local/lib", "/usr/lib64", "/usr/lib"}) {
        folders.emplace_back(folder);
    }
    folders.emplace_back("/usr/lib/llvm-14/lib/clang/14.0.6/lib/linux"); // scudo in Debian 12
    return folders;
}

std::optional<std::string> real_file(const fs::path& path) {
    std::error_code error;
    const auto real = fs::canonical(path, error);
    return error || !fs::is_regular_file(real, error) ? std::nullopt : std::optional(real.string());
}

std::optional<std::string> find_in(const std::vector<fs::path>& folders, std::string_view file) {
    for (const fs::path& folder : folders) {
        if (auto found = real_file(folder / file)) {
            return found;
        }
    }
    return std::nullopt;
}

std::optional<std::string> find_peer(const Known& peer) {
    return find_in(library_folders(), peer.file);
}

std::string how_to_install(const Known& peer) {
    return std::string(peer.name) + " is not installed (" + std::string(peer.file) +
           "); install it with: apt-get install " + std::string(peer.package);
}

Allocator custom(const std::string& specification, std::size_t equals) {
    const std::string path = specification.substr(equals + 1);
    const auto library = real_file(path);
    if (equals == 0 || !library) {
        throw std::invalid_argument("'" + specification +
                                    "': no such library; give name=/path/to/library.so");
    }
    return {.name = specification.substr(0, equals), .library = *library};
}

std::string lower(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char each) { return static_cast<char>(std::tolower(each)); });
    return text;
}

Allocator ashlar(std::string_view name, Edition edition) {
    if (const auto library = find_ashlar(edition)) {
        return {.name = std::string(name), .library = *library};
    }
    throw std::invalid_argument(how_to_get_ashlar(edition));
}

// Returns "libashlar.so.0", for example. A file without a version is part of the development files only.
std::string file_of(Edition edition) {
    constexpr std::string_view kVersion = ASHLAR_VERSION;
    const std::string name = edition == Edition::kHardened ? "libashlar-hardened"
                             : edition == Edition::kLocks  ? "libashlar-locks"
                                                           : "libashlar";
    return name + ".so." + std::string(kVersion.substr(0, kVersion.find('.')));
}

Allocator named(const std::string& specification) {
    if (const auto equals = specification.find('='); equals != std::string::npos) {
        return custom(specification, equals);
    }
    const std::string name = lower(specification);
    if (name == kAshlar) {
        return ashlar(name, Edition::kDefault);
    }
    if (name == kAshlarHardened) {
        return ashlar(name, Edition::kHardened);
    }
    if (name == kOneArena) {
        return one_arena();
    }
    const auto* const peer =
        std::find_if(kPeers.begin(), kPeers.end(), [&](const Known& each) { return each.name == name; });
    if (peer == kPeers.end()) {
        std::vector<std::string> names{lower(kSystem), std::string(kOneArena), std::string(kAshlar),
                                       std::string(kAshlarHardened)};
        for (const Known& each : kPeers) {
            names.emplace_back(each.name);
        }
        throw std::invalid_argument("no allocator is called '" + specification + "'" +
                                    machine::did_you_mean(name, names) + "; there are " + known_names() +
                                    ", and name=/path/to/library.so for any other");
    }
    if (const auto library = find_peer(*peer)) {
        return {.name = name, .library = *library};
    }
    throw std::invalid_argument(how_to_install(*peer));
}

void check_can_be_preloaded(const Allocator& allocator) {
    if (allocator.library.find_first_of(" :") != std::string::npos) {
        throw std::invalid_argument("'" + allocator.library +
                                    "': LD_PRELOAD cannot name a path with a blank or a colon in it; copy "
                                    "the library to another folder, or install Ashlar there");
    }
}

} // namespace

// Looks beside this program first: in the build tree or in the installation of both.
std::optional<std::string> find_ashlar(Edition edition) {
    auto folders = library_folders();
    folders.insert(folders.begin(),
                   {machine::program_folder() / "../lib", machine::program_folder() / ASHLAR_LIBRARY_FOLDER});
    return find_in(folders, file_of(edition));
}

std::string how_to_get_ashlar(Edition edition) {
    const std::string target = edition == Edition::kHardened ? "ashlar_hardened"
                               : edition == Edition::kLocks  ? "ashlar_locks"
                                                             : "ashlar_shared";
    return file_of(edition) + " is not there (looked in " +
           (machine::program_folder() / "../lib").lexically_normal().string() +
           " and the system's folders); build it with `cmake --preset release && cmake --build --preset "
           "release --target " +
           target + "`";
}

Selection select_installed(Breadth breadth, bool with_ashlar) {
    Selection selection{.found = {{.name = kSystem, .library = ""}}, .missing = {}};
    if (breadth != Breadth::kUsual) {
        selection.found.push_back(one_arena());
    }
    for (const Known& peer : kPeers) {
        if (!peer.by_default && breadth == Breadth::kUsual) {
            continue;
        }
        if (const auto library = find_peer(peer)) {
            selection.found.push_back({.name = std::string(peer.name), .library = *library});
        } else {
            selection.missing.push_back(how_to_install(peer));
        }
    }
    if (!with_ashlar) {
        return selection;
    }
    if (const auto library = find_ashlar()) {
        selection.found.push_back({.name = std::string(kAshlar), .library = *library});
        check_can_be_preloaded(selection.found.back());
    } else {
        selection.missing.push_back(how_to_get_ashlar());
    }
    return selection;
}

Selection select(const std::vector<std::string>& names) {
    Selection selection{.found = {{.name = kSystem, .library = ""}}, .missing = {}};
    for (const std::string& name : names) {
        if (lower(name) == lower(kSystem)) {
            continue;
        }
        Allocator allocator = named(name);
        check_can_be_preloaded(allocator);
        const bool known_already =
            std::any_of(selection.found.begin(), selection.found.end(),
                        [&](const Allocator& each) { return each.name == allocator.name; });
        if (known_already) {
            throw std::invalid_argument("'" + allocator.name + "' is named twice");
        }
        selection.found.push_back(std::move(allocator));
    }
    return selection;
}

std::string known_names() {
    std::string names = lower(kSystem) + ", " + std::string(kOneArena);
    for (const Known& peer : kPeers) {
        names += ", " + std::string(peer.name);
    }
    return names + ", " + std::string(kAshlar) + ", " + std::string(kAshlarHardened);
}

} // namespace ashlar::allocators
