// SPDX-License-Identifier: MIT
#include "report/profile/formats.h"

#include <fmt/format.h>
#include <ostream>

namespace ashlar::report::profile {

namespace {

using namespace ashlar::profile;

// "t*" is all threads together. The figures in brackets are of all that was ever allocated; none is kept
// here.
std::string figures(const Amount& amount) {
    return fmt::format("  t*: {}: {} [0: 0]\n", amount.samples, amount.sampled_bytes);
}

} // namespace

void write_heap_v2(std::ostream& out, const Recording& recording, View view, const ViewSettings& settings) {
    const ViewResult result = evaluate(recording, view, settings);
    out << fmt::format("heap_v2/{}\n{}", recording.rate, figures(result.total));
    for (const StackAmount& stack : result.stacks) {
        if (recording.stacks[stack.stack].empty()) {
            continue; // the format has no line for it
        }
        out << '@';
        for (const Address& address : recording.stacks[stack.stack]) {
            out << fmt::format(" {:#x}", address.value);
        }
        out << '\n' << figures(stack.amount);
    }
    out << "\nMAPPED_LIBRARIES:\n";
    for (const Mapping& mapping : recording.mappings) {
        out << fmt::format("{:08x}-{:08x} r-xp {:08x} 00:00 0 {}\n", mapping.begin, mapping.end,
                           mapping.offset, recording.objects[mapping.object].path);
    }
}

} // namespace ashlar::report::profile
