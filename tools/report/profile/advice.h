// SPDX-License-Identifier: MIT
// Sentences about a profile: advice, and how far its figures can be trusted.
#pragma once

#include "profile/summary.h"

#include <string>
#include <vector>

namespace ashlar::report::profile {

// Returns advice, at least one sentence.
std::vector<std::string> advice(const ashlar::profile::Summary& summary,
                                const ashlar::profile::Frames& frames, std::uint64_t temporary_within);

// Returns why the recording ends before the program, or nothing if it does not.
std::vector<std::string> cut_short(const ashlar::profile::Summary& summary);

// Returns how the thread caches performed; empty if unknown or not wanted.
std::vector<std::string> cache_sentences(const ashlar::profile::Summary& summary);

// Returns the CPU time used, and the allocator's share of it; empty if unknown or not wanted.
std::vector<std::string> cpu_sentences(const ashlar::profile::Summary& summary);

// Returns further cautions about the figures.
std::vector<std::string> cautions(const ashlar::profile::Summary& summary);

} // namespace ashlar::report::profile
