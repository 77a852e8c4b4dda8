// SPDX-License-Identifier: MIT
// One run of a comparison: prepares it, runs a command under an allocator, and reads its output.
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
    // The arguments must outlive this. Throws std::invalid_argument if a duet has too few processors.
    SampleRunner(const Plan& plan, const machine::Interrupt& interrupt);

    // Runs the command, and fills in the figures or the failure. `place` is the place in a duet. `limit`
    // applies to configurations without their own limit. Several threads may call it at once.
    Sample run(Sample sample, std::size_t place, std::chrono::milliseconds limit) const;
    // Runs a command line. `what` is its purpose for messages: prepares, sets up, cleans up. Returns why it
    // failed, or an empty text. The sample's run has its output.
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
    std::vector<unsigned> processors_; // for a duet
};

// Returns the end of a run's output, enough to find the cause of a failure.
std::string last_words_of(const measure::Run& run);

} // namespace ashlar::compare
