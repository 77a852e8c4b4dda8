// SPDX-License-Identifier: MIT
#include "alarm/repository.h"

#include "machine/files.h"
#include "machine/output_of.h"
#include "measure/child.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fmt/format.h>
#include <stdexcept>
#include <unistd.h>

namespace ashlar::alarm {

namespace {

using std::filesystem::path;

std::string first_line(const std::string& text) {
    return text.substr(0, text.find('\n'));
}

path cache_folder() {
    const char* const cache =
        std::getenv("XDG_CACHE_HOME"); // NOLINT(concurrency-mt-unsafe): nobody sets it here
    if (cache != nullptr && *cache == '/') {
        return path(cache) / "ashlar";
    }
    const char* const home = std::getenv("HOME"); // NOLINT(concurrency-mt-unsafe): likewise
    return (home != nullptr && *home == '/' ? path(home) : path("/tmp")) / ".cache" / "ashlar";
}

// Returns the same hash for equal texts on every machine (FNV-1a).
std::string hash(const std::string& text) {
    std::uint64_t value = 0xcbf29ce484222325;
    for (const char each : text) {
        value = (value ^ static_cast<unsigned char>(each)) * 0x100000001b3;
    }
    return fmt::format("{:016x}", value);
}

constexpr std::array kLibraries{"libashlar.so", "libashlar-locks.so"};

// Builds the sources of a commit with the settings of the preset `release`.
constexpr const char* kBuild = R"(
set -e
git -C "$1" archive --format=tar "$2" | tar -x -C "$3"
cmake -S "$3" -B "$3/build" -G Ninja -DCMAKE_BUILD_TYPE=Release "-DCMAKE_CXX_FLAGS_RELEASE=-O2 -DNDEBUG" \
    -DASHLAR_BUILD_TESTS=OFF -DASHLAR_BUILD_BENCH=OFF -DASHLAR_BUILD_TOOLS=OFF
cmake --build "$3/build" --target ashlar_shared ashlar_locks
)";

} // namespace

Repository::Repository(const path& folder) {
    const machine::ProgramOutput found =
        machine::output_of({"git", "-C", folder.string(), "rev-parse", "--show-toplevel"});
    if (found.error != 0) {
        throw std::invalid_argument("git is not installed; scripts/setup.sh installs it");
    }
    if (found.status != 0) {
        throw std::invalid_argument(
            fmt::format("{} is in no git repository: {}; run it in Ashlar's repository, or give --repository",
                        folder.string(), first_line(found.errors)));
    }
    root_ = first_line(found.output);
}

std::string Repository::git(std::vector<std::string> words) const {
    words.insert(words.begin(), {"git", "-C", root_.string()});
    const machine::ProgramOutput result = machine::output_of(words);
    return result.error == 0 && result.status == 0 ? result.output : "";
}

std::string Repository::head() const {
    return first_line(git({"rev-parse", "HEAD"}));
}

std::string Repository::changed_files() const {
    return git({"status", "--porcelain", "--", "core", "CMakeLists.txt"});
}

std::string Repository::subject(const std::string& commit) const {
    return first_line(git({"log", "-1", "--format=%s", commit, "--"}));
}

std::string Repository::date(const std::string& commit) const {
    return first_line(git({"log", "-1", "--format=%cI", commit, "--"}));
}

std::string Repository::library_of(const std::string& commit) const {
    const std::string full = first_line(git({"rev-parse", "--verify", commit + "^{commit}"}));
    if (full.empty()) {
        throw std::runtime_error(
            fmt::format("this clone does not have the commit {}; fetch it: git fetch --unshallow", commit));
    }
    const path kept = cache_folder() / "libraries" / (full + "-" + hash(compiler()));
    if (std::filesystem::exists(kept / kLibraries.front())) {
        return (kept / kLibraries.front()).string();
    }
    std::filesystem::create_directories(kept.parent_path());
    std::string sources = (kept.parent_path() / "build-XXXXXX").string();
    if (mkdtemp(sources.data()) == nullptr) {
        throw std::runtime_error("cannot make a folder in " + kept.parent_path().string());
    }
    const measure::Run run =
        measure::run({.arguments = {"sh", "-c", kBuild, "sh", root_.string(), full, sources}},
                     {.time_limit = std::chrono::minutes(20)});
    std::error_code error;
    if (run.succeeded()) {
        const path finished = sources + ".done";
        std::filesystem::create_directory(finished);
        for (const char* const library : kLibraries) {
            // A name without version is a link to the file.
            std::filesystem::rename(std::filesystem::canonical(path(sources) / "build" / "lib" / library),
                                    finished / library);
        }
        std::filesystem::rename(finished, kept, error); // fails if another process was first
    }
    std::filesystem::remove_all(sources, error);
    if (!run.succeeded()) {
        throw std::runtime_error(fmt::format("the library of {} cannot be built: {}: {}", commit,
                                             measure::describe_ending(run),
                                             measure::last_line(run.errors + run.output)));
    }
    return (kept / kLibraries.front()).string();
}

std::string compiler() {
    const machine::ProgramOutput version = machine::output_of({"c++", "--version"});
    return version.error == 0 ? first_line(version.output) : "";
}

} // namespace ashlar::alarm
