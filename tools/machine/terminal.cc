// SPDX-License-Identifier: MIT
#include "machine/terminal.h"

#include "machine/wrapped.h"

#include <charconv>
#include <cstdlib>
#include <sys/ioctl.h>
#include <unistd.h>

namespace ashlar::machine {

namespace {

std::string_view environment(const char* name) {
    const char* const value = std::getenv(name); // NOLINT(concurrency-mt-unsafe): there is one thread
    return value == nullptr ? "" : value;
}

} // namespace

bool is_terminal(std::FILE* stream) {
    return isatty(fileno(stream)) == 1;
}

bool shows_colour(std::FILE* stream) {
    return is_terminal(stream) && environment("NO_COLOR").empty() && environment("TERM") != "dumb";
}

int columns(std::FILE* stream) {
    winsize size{};
    constexpr int kUsual = 80;
    if (ioctl(fileno(stream), TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
        return size.ws_col;
    }
    const std::string_view wanted = environment("COLUMNS");
    int number = 0;
    const auto [end, error] = std::from_chars(wanted.data(), wanted.data() + wanted.size(), number);
    constexpr int kLeast = 40;
    return error == std::errc() && end == wanted.data() + wanted.size() && number >= kLeast ? number : kUsual;
}

void write_lines(std::FILE* stream, std::string_view text) {
    if (is_terminal(stream)) {
        fmt::print(stream, "{}", wrapped_lines(text, static_cast<std::size_t>(columns(stream))));
    } else {
        fmt::print(stream, "{}", text);
    }
}

} // namespace ashlar::machine
