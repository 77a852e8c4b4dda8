// SPDX-License-Identifier: MIT
#include "commands/busy_sites.h"

#include "observe/profile_switch.h"
#include "profile/summary.h"

#include <algorithm>
#include <ctime>
#include <fmt/format.h>
#include <sys/stat.h>

namespace ashlar::commands {

namespace {

constexpr double kWindow = 10; // seconds
constexpr std::size_t kMost = 20;

std::uint64_t now() {
    timespec time{};
    clock_gettime(CLOCK_MONOTONIC, &time);
    return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(time.tv_nsec);
}

} // namespace

bool BusySites::follow(const observe::Subject& subject) {
    const auto state = subject.profile_state();
    if (!state || !state->is_on() || state->path.empty()) {
        stream_.reset();
        return false;
    }
    const std::string path = fmt::format("/proc/{}/root{}", subject.process(), state->path);
    struct stat facts {};
    if (stat(path.c_str(), &facts) != 0) {
        stream_.reset();
        return false;
    }
    if (stream_ && path == path_ && facts.st_dev == device_ && facts.st_ino == inode_) {
        return true;
    }
    rounds_.clear();
    try {
        stream_.emplace(path);
    } catch (const std::runtime_error&) {
        stream_.reset();
        return false;
    }
    path_ = path;
    device_ = facts.st_dev;
    inode_ = facts.st_ino;
    last_ = stream_->start();
    return true;
}

std::optional<std::vector<screen::SiteLine>> BusySites::look(const observe::Subject& subject) {
    if (!follow(subject)) {
        return std::nullopt;
    }
    const std::uint64_t moment = now();
    rounds_.push_back({.seconds = static_cast<double>(moment - std::min(moment, last_)) * 1e-9,
                       .bytes = stream_->take_new()});
    last_ = moment;
    double seconds = 0;
    for (const Round& round : rounds_) {
        seconds += round.seconds;
    }
    while (rounds_.size() > 1 && seconds - rounds_.front().seconds >= kWindow) {
        seconds -= rounds_.front().seconds;
        rounds_.pop_front();
    }
    return lines();
}

std::vector<screen::SiteLine> BusySites::lines() {
    // Copies only the stacks in the window, because looking up names is expensive.
    const profile::Recording& all = stream_->stacks();
    std::map<std::uint32_t, double> bytes;
    double seconds = 0;
    double total = 0;
    for (const Round& round : rounds_) {
        seconds += round.seconds;
        for (const auto& [stack, each] : round.bytes) {
            bytes[stack] += each;
            total += each;
        }
    }
    profile::Recording busy;
    busy.pid = all.pid;
    busy.started_realtime = all.started_realtime;
    busy.process_started_realtime = all.process_started_realtime;
    busy.objects = all.objects;
    busy.root = path_.substr(0, path_.find("/root/")) + "/root";
    busy.stacks.clear();
    for (const auto& [stack, each] : bytes) {
        busy.stacks.push_back(all.stacks[stack]);
    }
    const auto names = profile::name_stacks(busy, symbolizer_, frames_);
    std::vector<profile::WeightedStack> weighted;
    auto name = names.begin();
    for (const auto& [stack, each] : bytes) {
        profile::WeightedStack one{.frames = *name++, .amount = {}, .ages = {}};
        one.amount.bytes.add(each, 1);
        weighted.push_back(std::move(one));
    }
    std::vector<screen::SiteLine> lines;
    for (const profile::Site& site : profile::sites(weighted, frames_, profile::View::kAllocated)) {
        if (lines.size() < kMost) {
            lines.push_back({.place = words_for(frames_[site.frame]),
                             .bytes = seconds > 0 ? site.amount.bytes.value / seconds : 0,
                             .share = total > 0 ? site.amount.bytes.value / total : 0});
        }
    }
    return lines;
}

} // namespace ashlar::commands
