// SPDX-License-Identifier: MIT
#include "diagnose/last_words.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <system_error>
#include <unistd.h>

namespace ashlar::diagnose {

LastWords::LastWords() {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) {
        throw std::system_error(errno, std::generic_category(), "pipe");
    }
    read_end_ = machine::Descriptor(ends[0]);
    write_end_ = machine::Descriptor(ends[1]);
    stop_ = machine::Descriptor(eventfd(0, EFD_CLOEXEC));
}

void LastWords::begin() {
    write_end_.close();
    thread_ = std::thread([this] { read(); });
}

std::string LastWords::end() {
    if (thread_.joinable()) {
        const std::uint64_t one = 1;
        [[maybe_unused]] const auto written = write(stop_.number(), &one, sizeof one);
        thread_.join();
    }
    return std::move(text_);
}

// Also reads the bytes left in the pipe after the stop.
void LastWords::read() {
    constexpr std::size_t kMost = std::size_t{64} << 10;
    std::array<char, 4096> piece{};
    std::array<pollfd, 2> either{pollfd{.fd = read_end_.number(), .events = POLLIN, .revents = 0},
                                 pollfd{.fd = stop_.number(), .events = POLLIN, .revents = 0}};
    while (true) {
        if (poll(either.data(), either.size(), -1) < 0) {
            if (errno == EINTR) {
                continue;
            }
            return;
        }
        if (either[0].revents == 0) {
            return;
        }
        const auto count = ::read(read_end_.number(), piece.data(), piece.size());
        if (count <= 0) {
            return;
        }
        text_.append(piece.data(), std::min(static_cast<std::size_t>(count), kMost - text_.size()));
        if (either[1].revents != 0 && text_.size() == kMost) {
            return;
        }
    }
}

} // namespace ashlar::diagnose
