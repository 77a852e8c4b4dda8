// SPDX-License-Identifier: MIT
// Profiles in the formats of other programs.
#pragma once

#include "profile/summary.h"

#include <iosfwd>
#include <vector>

namespace ashlar::report::profile {

using Summaries = std::vector<ashlar::profile::Summary>;

// Folded stacks, as flamegraph.pl and its like read them: "main;load;parse 4096", in bytes.
void write_folded(std::ostream& out, const Summaries& summaries, ashlar::profile::View view,
                  ashlar::profile::Frames& frames);

// Of two profiles, as difffolded.pl writes them: "main;load;parse 4096 8192".
void write_folded_difference(std::ostream& out, const Summaries& before, const Summaries& after,
                             ashlar::profile::View view, ashlar::profile::Frames& frames);

// For https://www.speedscope.app: one profile a view, `first` is the one that is shown.
void write_speedscope(std::ostream& out, const Summaries& summaries, ashlar::profile::View first,
                      ashlar::profile::Frames& frames);

// For pprof: profile.proto, compressed, with symbols; bytes and blocks of each view.
void write_pprof(std::ostream& out, const Summaries& summaries, ashlar::profile::View first,
                 ashlar::profile::Frames& frames);

// For jeprof: jemalloc's text format. It has addresses, so jeprof looks for the symbols itself; and what was
// sampled, which jeprof scales up itself.
void write_heap_v2(std::ostream& out, const ashlar::profile::Recording& recording, ashlar::profile::View view,
                   const ashlar::profile::ViewSettings& settings);

} // namespace ashlar::report::profile
