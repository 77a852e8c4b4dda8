// SPDX-License-Identifier: MIT
// What the samples of the processor say: where the program used it, and how much of that was the allocator.
#pragma once

#include "profile/names.h"
#include "profile/summary.h"

namespace ashlar::profile {

// A stack as it was, and what is left of it without the allocator's part.
struct CpuStack {
    NamedStack whole;
    NamedStack caller;     // of the allocator; all of it if it is not in the stack
    std::string operation; // "malloc", "free", "realloc", each with its like, or "others"; empty: none
};

// One for each stack of the recording; empty for those that no sample of the processor has.
std::vector<CpuStack> name_cpu_stacks(const Recording& recording, symbols::Symbolizer& symbolizer,
                                      Frames& frames);

// Adds the views of the processor to the summary of a recording. The views of memory must be there.
void add_cpu(Summary& summary, const Recording& recording, symbols::Symbolizer& symbolizer, Frames& frames,
             const SummarySettings& settings);

// The estimate of the calls by which this place asked for memory; nothing if it is not known.
std::optional<Figure> calls_at(const Summary& summary, std::uint32_t frame);

} // namespace ashlar::profile
