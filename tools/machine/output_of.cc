// SPDX-License-Identifier: MIT
#include "machine/output_of.h"

#include "machine/descriptor.h"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

namespace ashlar::machine {

namespace {

// A file in memory: what is written to it never waits for a reader.
Descriptor memory_file() {
    return Descriptor(memfd_create("output", MFD_CLOEXEC));
}

std::string content_of(const Descriptor& file) {
    std::string text;
    std::array<char, 65536> part{};
    for (;;) {
        const ssize_t length =
            pread(file.number(), part.data(), part.size(), static_cast<off_t>(text.size()));
        if (length < 0 && errno == EINTR) {
            continue;
        }
        if (length <= 0) {
            return text;
        }
        text.append(part.data(), static_cast<std::size_t>(length));
    }
}

int wait_for(pid_t process) {
    int status = 0;
    while (waitpid(process, &status, 0) < 0 && errno == EINTR) {
    }
    constexpr int kKilled = 128;
    return WIFEXITED(status) ? WEXITSTATUS(status) : kKilled + WTERMSIG(status);
}

} // namespace

ProgramOutput output_of(const std::vector<std::string>& command) {
    ProgramOutput result;
    const Descriptor output = memory_file();
    const Descriptor errors = memory_file();
    if (!output.open() || !errors.open()) {
        result.error = errno;
        return result;
    }
    std::vector<std::string> words = command;
    std::vector<char*> arguments;
    arguments.reserve(words.size() + 1);
    for (std::string& word : words) {
        arguments.push_back(word.data());
    }
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, output.number(), STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, errors.number(), STDERR_FILENO);
    pid_t process = 0;
    result.error = posix_spawnp(&process, arguments[0], &actions, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    if (result.error == 0) {
        result.status = wait_for(process);
        result.output = content_of(output);
        result.errors = content_of(errors);
    }
    return result;
}

} // namespace ashlar::machine
