// SPDX-License-Identifier: MIT
#include "process/files.h"

#include "process/text_fields.h"

#include <array>
#include <cerrno>
#include <climits>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace ashlar::process {

namespace {

// Returns the entries of `folder` that are numbers.
std::vector<pid_t> numbers_in(machine::Descriptor folder) {
    std::vector<pid_t> numbers;
    if (!folder.open()) {
        return numbers;
    }
    const std::unique_ptr<DIR, int (*)(DIR*)> entries(fdopendir(folder.number()), closedir);
    if (!entries) {
        return numbers;
    }
    folder.release();                                            // closedir() closes it
    while (const dirent* const entry = readdir(entries.get())) { // NOLINT(concurrency-mt-unsafe)
        if (const auto value = number<pid_t>(entry->d_name)) {
            numbers.push_back(*value);
        }
    }
    return numbers;
}

} // namespace

Files::Files(pid_t process)
    : process_(process),
      folder_(::open(("/proc/" + std::to_string(process)).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)) {}

bool Files::is_alive() const {
    struct stat unused {};
    return found() && fstatat(folder_.number(), "stat", &unused, 0) == 0;
}

machine::Descriptor Files::end() const {
    return machine::Descriptor(static_cast<int>(syscall(SYS_pidfd_open, process_, 0)));
}

static_assert(O_RDONLY == 0);

machine::Descriptor Files::open(const char* name, int mode) const {
    return machine::Descriptor(openat(folder_.number(), name, mode | O_CLOEXEC));
}

std::optional<std::string> Files::read(const char* name) const {
    const machine::Descriptor file = open(name);
    if (!file.open()) {
        return std::nullopt;
    }
    std::string text;
    std::array<char, std::size_t{64} << 10> piece;
    for (;;) {
        const ssize_t length = ::read(file.number(), piece.data(), piece.size());
        if (length == 0) {
            return text;
        }
        if (length < 0 && errno != EINTR) {
            return std::nullopt;
        }
        text.append(piece.data(), length < 0 ? 0 : static_cast<std::size_t>(length));
    }
}

std::optional<uid_t> Files::owner_of(const char* name) const {
    struct stat facts {};
    return fstatat(folder_.number(), name, &facts, 0) == 0 ? std::optional(facts.st_uid) : std::nullopt;
}

std::optional<std::string> Files::link(const char* name) const {
    std::array<char, PATH_MAX> path;
    const ssize_t length = readlinkat(folder_.number(), name, path.data(), path.size());
    return length < 0 ? std::nullopt
                      : std::optional(std::string(path.data(), static_cast<std::size_t>(length)));
}

std::vector<pid_t> Files::threads() const {
    return numbers_in(
        machine::Descriptor(openat(folder_.number(), "task", O_RDONLY | O_DIRECTORY | O_CLOEXEC)));
}

std::vector<pid_t> all_processes() {
    return numbers_in(machine::Descriptor(::open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC)));
}

} // namespace ashlar::process
