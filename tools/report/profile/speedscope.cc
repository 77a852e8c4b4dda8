// SPDX-License-Identifier: MIT
#include "report/profile/exported.h"
#include "report/profile/formats.h"
#include "report/profile/speedscope_file.h"

#include <algorithm>

namespace ashlar::report::profile {

using namespace ashlar::profile;

void write_speedscope(std::ostream& out, const Summaries& summaries, View first, Frames& frames) {
    SpeedscopeFile file(frames);
    const auto is_shown = [&](View view) {
        return std::any_of(summaries.begin(), summaries.end(), [&](const Summary& each) {
            return is_of_cpu(view) ? each.shows(view) : each.has_memory;
        });
    };
    for (const View view : kAllViews) {
        if (!is_shown(view)) continue;
        SpeedscopeFile::Stacks stacks;
        for (const ExportedStack& stack : exported(summaries, view, frames)) {
            std::vector<std::size_t> functions;
            for (const std::uint32_t frame : stack.frames) {
                functions.push_back(file.function(frame));
            }
            stacks[functions] += stack.bytes;
        }
        const bool is_lifetime = view == View::kLifetime;
        file.add(is_lifetime ? "lifetime (bytes × seconds)" : name_of(view),
                 is_lifetime ? "none" : unit_of(view), stacks, view == first);
    }
    file.write(out);
}

} // namespace ashlar::report::profile
