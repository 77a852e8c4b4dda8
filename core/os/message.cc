// SPDX-License-Identifier: MIT
#include "os/message.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <sys/syscall.h>
#include <unistd.h>

namespace ashlar::os {

namespace {

// Digits of `value` in `base`, most significant first.
std::string_view digits(std::uint64_t value, unsigned base, char (&buffer)[20]) {
    char* first = buffer + sizeof(buffer);
    do {
        *--first = "0123456789abcdef"[value % base];
        value /= base;
    } while (value != 0);
    return {first, static_cast<std::size_t>(buffer + sizeof(buffer) - first)};
}

} // namespace

Message& Message::text(std::string_view words) {
    const std::size_t taken = std::min(words.size(), kCapacity - length_);
    std::copy_n(words.data(), taken, buffer_ + length_); // of an empty text there may be no address
    length_ += taken;
    return *this;
}

Message& Message::quoted(std::string_view words) {
    text("\"");
    for (const char c : words.substr(0, kMostQuoted)) {
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
    const int saved = errno;
    [[maybe_unused]] const ssize_t ignored = ::write(descriptor, buffer_, length_);
    errno = saved;
}

void warn(const Message& message) {
    constexpr std::string_view kPrefix = "ashlar: ";
    constexpr std::size_t kRoom = Message::kCapacity - kPrefix.size() - 1;
    Message line;
    // Not substr(): without optimisation it refers to the C++ library, which the preload library does
    // without.
    const std::string_view words(message.view().data(), std::min(message.view().size(), kRoom));
    line.text(kPrefix).text(words).text("\n").write_to(STDERR_FILENO);
}

void fatal(const Message& message) {
    warn(message);
    std::abort();
}

std::uint64_t thread_id() {
    return static_cast<std::uint64_t>(::syscall(SYS_gettid));
}

} // namespace ashlar::os
