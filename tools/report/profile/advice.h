// SPDX-License-Identifier: MIT
// What a profile says in sentences: what is worth doing, and how far its figures can be trusted.
#pragma once

#include "profile/summary.h"

#include <string>
#include <vector>

namespace ashlar::report::profile {

// What to do; never empty.
std::vector<std::string> advice(const ashlar::profile::Summary& summary,
                                const ashlar::profile::Frames& frames, std::uint64_t temporary_within);

// Why the recording does not go on to the end of the program; empty if it does.
std::vector<std::string> cut_short(const ashlar::profile::Summary& summary);

// How the thread caches did; empty if that is not known or not wanted.
std::vector<std::string> cache_sentences(const ashlar::profile::Summary& summary);

// How much of the processor was used, and how much of that by the allocator; empty if that is not known or
// not wanted.
std::vector<std::string> cpu_sentences(const ashlar::profile::Summary& summary);

// What else to mind about its figures.
std::vector<std::string> cautions(const ashlar::profile::Summary& summary);

} // namespace ashlar::report::profile
