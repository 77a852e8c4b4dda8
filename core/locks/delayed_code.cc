// SPDX-License-Identifier: MIT
#include "locks/delayed_code.h"

#include "os/system_call.h"

#include <algorithm>
#include <array>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

namespace ashlar::locks {

namespace {

constexpr std::size_t kMostDelays = 64;
constinit std::array<DelayedCode, kMostDelays> delays{};
constinit std::size_t delay_count = 0;

bool parse_hexadecimal(std::string_view text, std::uintptr_t& value) {
    constexpr std::size_t kMostDigits = 16;
    if (text.size() <= 2 || text.size() > 2 + kMostDigits || text[0] != '0' || text[1] != 'x') return false;
    text.remove_prefix(2);
    value = 0;
    for (const char digit : text) {
        const bool is_number = digit >= '0' && digit <= '9';
        if (!is_number && (digit < 'a' || digit > 'f')) return false;
        value = value * 16 + static_cast<std::uintptr_t>(is_number ? digit - '0' : digit - 'a' + 10);
    }
    return true;
}

} // namespace

FileNumber number_of(const char* path) {
    struct stat facts {};
    if (os::system_call(SYS_newfstatat, AT_FDCWD, path, &facts, 0) != 0) return {};
    return {facts.st_dev, facts.st_ino};
}

bool add_delayed_code(std::uint64_t nanoseconds, std::string_view text) {
    const std::size_t plus = text.rfind('+');
    const std::size_t dash = text.rfind('-');
    if (plus == std::string_view::npos || dash == std::string_view::npos || plus > dash ||
        delay_count == kMostDelays) {
        return false;
    }
    const auto part = [&](std::size_t begin, std::size_t end) {
        return std::string_view(text.data() + begin, end - begin);
    };
    std::array<char, 512> path{};
    const std::string_view file = part(0, plus);
    DelayedCode delay{{}, 0, 0, nanoseconds};
    if (file.empty() || file.size() >= path.size() || !parse_hexadecimal(part(plus + 1, dash), delay.begin) ||
        !parse_hexadecimal(part(dash + 1, text.size()), delay.end)) {
        return false;
    }
    std::copy(file.begin(), file.end(), path.begin());
    delay.file = number_of(path.data());
    delays[delay_count++] = delay;
    return true;
}

bool has_delayed_code() {
    return delay_count != 0;
}

const DelayedCode* find_delayed_code(FileNumber file, std::uintptr_t call) {
    for (std::size_t i = 0; i < delay_count && file.inode != 0; ++i) {
        const DelayedCode& delay = delays[i];
        if (call >= delay.begin && call < delay.end && delay.file == file) return &delay;
    }
    return nullptr;
}

} // namespace ashlar::locks
