// SPDX-License-Identifier: MIT
#include "report/profile/formats.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <ostream>

namespace ashlar::report::profile {

namespace {

using namespace ashlar::profile;

// "t*" stands for all threads together. The figures in brackets, for all blocks ever allocated, are unknown
// here.
std::string line(std::uint64_t samples, std::uint64_t bytes) {
    return fmt::format("  t*: {}: {} [0: 0]\n", samples, bytes);
}

// Readers scale all samples up by the format's single rate. For samples at larger distances, writes the mean
// number expected at that rate.
std::string figures(const Recording& recording, const Amount& amount) {
    if (recording.longest_distance == recording.rate || amount.blocks.value <= 0) {
        return line(amount.samples, amount.sampled_bytes);
    }
    const double size = amount.bytes.value / amount.blocks.value;
    const double chance = -std::expm1(-size / static_cast<double>(recording.rate));
    const auto samples = std::max(std::llround(amount.blocks.value * chance), 1LL);
    return line(static_cast<std::uint64_t>(samples),
                static_cast<std::uint64_t>(std::llround(static_cast<double>(samples) * size)));
}

} // namespace

void write_heap_v2(std::ostream& out, const Recording& recording, View view, const ViewSettings& settings) {
    const ViewResult result = evaluate(recording, view, settings);
    out << fmt::format("heap_v2/{}\n{}", recording.rate, figures(recording, result.total));
    for (const StackAmount& stack : result.stacks) {
        if (recording.stacks[stack.stack].empty()) {
            continue; // the format has no line for an empty stack
        }
        out << '@';
        for (const Address& address : recording.stacks[stack.stack]) {
            out << fmt::format(" {:#x}", address.value);
        }
        out << '\n' << figures(recording, stack.amount);
    }
    out << "\nMAPPED_LIBRARIES:\n";
    for (const Mapping& mapping : recording.mappings) {
        out << fmt::format("{:08x}-{:08x} r-xp {:08x} 00:00 0 {}\n", mapping.begin, mapping.end,
                           mapping.offset, recording.objects[mapping.object].path);
    }
}

} // namespace ashlar::report::profile
