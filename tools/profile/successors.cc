// SPDX-License-Identifier: MIT
#include "profile/successors.h"

#include <algorithm>
#include <fstream>
#include <optional>

namespace ashlar::profile {

namespace {

// Compares the boot times of two files of one machine. The clock may have been set in between.
bool is_same_boot(std::uint64_t one, std::uint64_t other) {
    constexpr std::uint64_t kSecond = 1'000'000'000;
    return std::max(one, other) - std::min(one, other) < kSecond;
}

} // namespace

void Successors::add(const std::filesystem::path& file) {
    std::error_code error;
    if (!std::filesystem::is_regular_file(file, error)) {
        return;
    }
    profile_format::FileHeader header{};
    std::ifstream in(file, std::ios::binary);
    if (in.read(reinterpret_cast<char*>(&header), sizeof header) && header.magic == profile_format::kMagic) {
        starts_[header.pid].push_back(
            {.time = header.start_monotonic, .boot = header.start_realtime - header.start_monotonic});
    }
}

void Successors::end(Recording& recording) const {
    const auto of_process = starts_.find(recording.pid);
    if (of_process == starts_.end() || recording.origin != Origin::kAshlar || recording.is_over()) {
        return;
    }
    std::optional<std::uint64_t> next;
    for (const Start& start : of_process->second) {
        if (start.time > recording.start &&
            is_same_boot(start.boot, recording.started_realtime - recording.start)) {
            next = std::min(next.value_or(start.time), start.time);
        }
    }
    if (next) {
        recording.end = std::max(recording.end, *next);
        recording.ending = Ending::kReplaced;
    }
}

} // namespace ashlar::profile
