// SPDX-License-Identifier: MIT
#include "report/profile/exported.h"

#include <filesystem>
#include <fmt/format.h>
#include <iterator>

namespace ashlar::report::profile {

std::vector<ExportedStack> exported(const std::vector<ashlar::profile::Summary>& summaries,
                                    ashlar::profile::View view, ashlar::profile::Frames& frames) {
    std::vector<ExportedStack> stacks;
    for (const auto& summary : summaries) {
        const auto& recording = summary.recording;
        for (const auto& stack : ashlar::profile::part_of_all(summary, view, summaries.size()).stacks) {
            ExportedStack each{.frames = {stack.frames.rbegin(), stack.frames.rend()},
                               .bytes = stack.amount.bytes.value,
                               .blocks = stack.amount.blocks.value};
            if (each.frames.empty()) {
                each.frames.push_back(frames.add({.function = "no stack was recorded"}));
            }
            if (summaries.size() > 1) {
                const std::string name = std::filesystem::path(recording.program).filename().string();
                const auto process = frames.add(
                    {.function = recording.pid == 0 ? name : fmt::format("{} ({})", name, recording.pid)});
                each.frames.insert(each.frames.begin(), process);
            }
            stacks.push_back(std::move(each));
        }
    }
    return stacks;
}

} // namespace ashlar::report::profile
