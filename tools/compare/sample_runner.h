// SPDX-License-Identifier: MIT
// One run of a comparison: a command under an allocator, with what is done before it and what it left.
#pragma once

#include "compare/experiment.h"
#include "machine/interrupt.h"
#include "measure/ageing.h"
#include "measure/child.h"

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace ashlar::compare {

class SampleRunner {
  public:
    // Both must outlive this. Throws std::invalid_argument if a duet has too few processors.
    SampleRunner(const Plan& plan, const machine::Interrupt& interrupt);

    // Runs it, and fills in the figures or why there are none. `place` is its place in a duet; `limit` is for
    // configurations without a limit of their own. May be called by several threads at once.
    Sample run(Sample sample, std::size_t place, std::chrono::milliseconds limit) const;
    // Runs a command line that `what` (prepares, sets up, cleans up). Returns why it failed, or nothing. What
    // it printed is in the sample's run.
    std::string run_step(const std::string& what, const std::string& command_line, Sample& sample) const;

  private:
    const allocators::Allocator& allocator(std::size_t contender) const {
        return plan_.contenders[contender].allocator;
    }
    std::chrono::milliseconds time_to_age() const;
    measure::Command command_of(const Sample& sample) const;
    std::unique_ptr<measure::Ageing> aged(measure::Command& command) const;
    std::string preload_of(std::size_t contender) const;
    void read(Sample& sample) const;
    std::string failure_of(const Sample& sample, const std::string& unserved,
                           const std::string& trouble) const;
    std::string why_unserved(const Sample& sample) const;
    std::string stacks_name(const Sample& sample) const;

    const Plan& plan_;
    const machine::Interrupt& interrupt_;
    std::vector<unsigned> processors_; // that a duet may use
};

// The end of what a run printed, enough to see what was the matter.
std::string last_words_of(const measure::Run& run);

} // namespace ashlar::compare
