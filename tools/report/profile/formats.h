// SPDX-License-Identifier: MIT
// Profiles in the formats of other programs.
#pragma once

#include "profile/summary.h"

#include <iosfwd>
#include <vector>

namespace ashlar::report::profile {

using Summaries = std::vector<ashlar::profile::Summary>;

// Writes folded stacks for flamegraph.pl and similar programs: "main;load;parse 4096", in bytes.
void write_folded(std::ostream& out, const Summaries& summaries, ashlar::profile::View view,
                  ashlar::profile::Frames& frames);

// Writes both profiles like difffolded.pl: "main;load;parse 4096 8192".
void write_folded_difference(std::ostream& out, const Summaries& before, const Summaries& after,
                             ashlar::profile::View view, ashlar::profile::Frames& frames);

// Writes a file for https://www.speedscope.app with a profile per view. Shows `first` first.
void write_speedscope(std::ostream& out, const Summaries& summaries, ashlar::profile::View first,
                      ashlar::profile::Frames& frames);

// Writes a file for pprof: profile.proto, compressed, with symbols, and with bytes and blocks of each view.
void write_pprof(std::ostream& out, const Summaries& summaries, ashlar::profile::View first,
                 ashlar::profile::Frames& frames);

// Writes jemalloc's text format for jeprof. It has addresses, whose symbols jeprof finds itself, and sampled
// amounts, which jeprof scales up itself.
void write_heap_v2(std::ostream& out, const ashlar::profile::Recording& recording, ashlar::profile::View view,
                   const ashlar::profile::ViewSettings& settings);

} // namespace ashlar::report::profile
