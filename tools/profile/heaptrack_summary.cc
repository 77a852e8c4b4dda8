// SPDX-License-Identifier: MIT
#include "profile/heaptrack_summary.h"

namespace ashlar::profile {

namespace {

std::vector<WeightedStack> weighted(const std::vector<HeaptrackStack>& list, Frames& frames) {
    std::vector<WeightedStack> stacks;
    for (const HeaptrackStack& each : list) {
        WeightedStack stack;
        for (const Frame& frame : each.frames) {
            stack.frames.push_back(frames.add(frame));
        }
        stack.amount = {.bytes = {.value = each.bytes},
                        .blocks = {.value = each.calls},
                        .samples = static_cast<std::uint64_t>(each.calls),
                        .sampled_bytes = static_cast<std::uint64_t>(each.bytes)};
        stacks.push_back(std::move(stack));
    }
    return stacks;
}

} // namespace

Summary summarise(const HeaptrackProfile& profile, Frames& frames, const SummarySettings& settings) {
    Summary summary;
    const auto add = [&](View view, const std::vector<HeaptrackStack>& list) {
        summary.views.emplace(view, summarise_stacks(view, weighted(list, frames), frames, settings.filter));
    };
    add(View::kPeak, profile.peak);
    add(View::kLive, profile.leaks);
    add(View::kLeaks, profile.leaks);
    add(View::kAllocated, profile.allocated);
    add(View::kTemporary, profile.temporary);
    add(View::kLifetime, {});
    add(View::kWaste, {});
    add(View::kCpu, {});
    add(View::kAllocationCpu, {});
    summary.seconds = profile.seconds;
    summary.recording.origin = Origin::kHeaptrack;
    summary.recording.program = profile.program;
    summary.recording.rate = 1;
    summary.recording.longest_distance = 1;
    summary.recording.state = profile_format::State::kStopped;
    return summary;
}

} // namespace ashlar::profile
