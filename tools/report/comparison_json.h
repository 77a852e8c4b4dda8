// SPDX-License-Identifier: MIT
// A comparison for programs: machine, exact settings, every sample, and the derived figures.
#pragma once

#include "allocators/identity.h"
#include "compare/result.h"
#include "machine/facts.h"

#include <iosfwd>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace ashlar::report {

struct Provenance {
    std::vector<std::string> command_line;
    std::string version; // of Ashlar's tools
    std::string started; // UTC, ISO 8601
    machine::Facts machine;
    std::vector<allocators::Identity> identities; // by contender
    std::uint64_t workload_seed = 0;
};

// The format's name. It changes when readers must change.
inline constexpr const char* kFormat = "ashlar-comparison-2";

// An empty `result` leaves out the derived figures.
nlohmann::ordered_json comparison_json(const compare::Experiment& experiment, const compare::Result& result,
                                       const Provenance& provenance);

void write_comparison_json(std::ostream& stream, const compare::Experiment& experiment,
                           const compare::Result& result, const Provenance& provenance);

// A comparison as read: everything but the derived figures, which compare::evaluate computes again.
struct StoredComparison {
    compare::Experiment experiment;
    Provenance provenance;
};

// Throws std::invalid_argument with a sentence that names the mistake in the text.
StoredComparison read_comparison_json(std::istream& stream);

} // namespace ashlar::report
