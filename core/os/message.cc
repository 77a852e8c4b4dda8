// SPDX-License-Identifier: MIT
#include "os/message.h"

#include "os/process.h"
#include "os/system_call.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace ashlar::os {

namespace {

// Returns the digits of `value` in `base`, most significant first. The text lies in `buffer`.
std::string_view digits(std::uint64_t value, unsigned base, char (&buffer)[20]) {
    char* first = buffer + sizeof(buffer);
    do {
        *--first = "0123456789abcdef"[value % base];
        value /= base;
    } while (value != 0);
    return {first, static_cast<std::size_t>(buffer + sizeof(buffer) - first)};
}

constexpr std::string_view kPrefix = "ashlar: ";

// Returns at most the first `most` bytes. substr() would need the C++ library in builds without optimisation.
std::string_view beginning(std::string_view words, std::size_t most) {
    return {words.data(), std::min(words.size(), most)};
}

// Blocks SIGPIPE, which ends a process without a reader, and SIGTTOU, by which a terminal stops a writer.
void block_signals_of_writing() {
    const std::uint64_t signals = std::uint64_t{1} << (SIGPIPE - 1) | std::uint64_t{1} << (SIGTTOU - 1);
    system_call(SYS_rt_sigprocmask, SIG_BLOCK, &signals, nullptr, sizeof(signals));
}

// Waits up to 1 s until the descriptor takes more: the reader may be waiting for this process. Returns true
// as well if the kernel does not tell.
bool takes_more(int descriptor) {
    pollfd wanted{.fd = descriptor, .events = POLLOUT, .revents = 0};
    timespec left{.tv_sec = 1, .tv_nsec = 0}; // the kernel counts this down
    long ready = 0;
    do {
        ready = system_call(SYS_ppoll, &wanted, 1, &left, nullptr, sizeof(std::uint64_t));
    } while (ready == -EINTR);
    return ready != 0;
}

// Writes all `words`, with one write unless the descriptor takes less. Returns false if it does not take all.
bool write_whole(int descriptor, std::string_view words) {
    while (!words.empty()) {
        if (!takes_more(descriptor)) return false; // a write would block
        const long written = system_call(SYS_write, descriptor, words.data(), words.size());
        if (written > 0) {
            words.remove_prefix(static_cast<std::size_t>(written));
        } else if (written != -EINTR && written != -EAGAIN) {
            return false;
        }
    }
    return true;
}

// Writes to stderr, or to the process's terminal if stderr is closed.
void write_last_words(std::string_view words) {
    block_signals_of_writing();
    if (write_whole(STDERR_FILENO, words)) return;
    constexpr long kFlags = O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC;
    const long terminal = system_call(SYS_openat, AT_FDCWD, "/dev/tty", kFlags, 0);
    if (terminal >= 0) write_whole(static_cast<int>(terminal), words);
}

// Appends the program's name. A long path loses its beginning, which tells less than its end.
void name_program(Message& message) {
    std::string_view name = program_name();
    if (name.empty()) return;
    message.text("program ");
    if (name.size() > Message::kMostQuoted) {
        message.text("...");
        name.remove_prefix(name.size() - Message::kMostQuoted);
    }
    message.quoted(name).text(", ");
}

} // namespace

Message& Message::text(std::string_view words) {
    const std::size_t taken = std::min(words.size(), kCapacity - length_);
    std::copy_n(words.data(), taken, buffer_ + length_); // an empty text may have a null address
    length_ += taken;
    return *this;
}

Message& Message::quoted(std::string_view words) {
    text("\"");
    for (const char c : beginning(words, kMostQuoted)) {
        const bool printable = c >= ' ' && c <= '~';
        if (c == '"' || c == '\\') text("\\");
        if (printable) {
            text({&c, 1});
        } else {
            char buffer[20];
            const auto byte = static_cast<unsigned char>(c);
            text(byte < 0x10 ? "\\x0" : "\\x").text(digits(byte, 16, buffer));
        }
    }
    return text(words.size() > kMostQuoted ? "\"..." : "\"");
}

Message& Message::number(std::uint64_t value) {
    char buffer[20];
    return text(digits(value, 10, buffer));
}

Message& Message::address(const void* where) {
    char buffer[20];
    return text("0x").text(digits(reinterpret_cast<std::uintptr_t>(where), 16, buffer));
}

void Message::write_to(int descriptor) const {
    system_call(SYS_write, descriptor, buffer_, length_);
}

void warn(const Message& message) {
    constexpr std::size_t kRoom = Message::kCapacity - kPrefix.size() - 1;
    Message line;
    line.text(kPrefix).text(beginning(message.view(), kRoom)).text("\n").write_to(STDERR_FILENO);
}

void fatal(const Message& message, std::string_view advice) {
    constexpr std::size_t kMostWords = 256;
    Message lines;
    lines.text(kPrefix).text(beginning(message.view(), kMostWords)).text("; ");
    name_program(lines);
    lines.text("process ").number(process_id()).text(", thread ").number(thread_id()).text("\n");
    if (!advice.empty()) lines.text(kPrefix).text(advice).text("\n");
    write_last_words(lines.view());
    std::abort();
}

} // namespace ashlar::os
