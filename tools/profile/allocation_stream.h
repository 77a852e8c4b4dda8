// SPDX-License-Identifier: MIT
// Reads what a process allocates from its recording, while the process still writes the file. Each call reads
// the records since the call before.
#pragma once

#include "machine/descriptor.h"
#include "profile/address_space.h"
#include "profile/recording.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <unordered_map>
#include <vector>

namespace ashlar::profile {

class AllocationStream {
  public:
    // Throws std::runtime_error with a sentence if the file cannot be read or is no recording.
    explicit AllocationStream(const std::filesystem::path& file);

    // Returns estimates of the bytes allocated since the last call, by stack. The first call covers the time
    // since recording began. May miss records that a thread is writing at that moment.
    std::map<std::uint32_t, double> take_new();

    // All stacks so far, under the numbers that take_new() returns, with the objects that their names need.
    const Recording& stacks() const { return recording_; }
    std::uint64_t start() const { return recording_.start; } // ns of CLOCK_MONOTONIC

  private:
    void read(std::span<const std::byte> records, std::map<std::uint32_t, double>& bytes);
    void add_map(std::span<const std::byte> payload);

    machine::Descriptor file_;
    std::uint64_t place_ = 0; // file offset behind the last record read
    Recording recording_;
    AddressSpace space_;
    std::unordered_map<std::uint32_t, std::uint32_t> indexes_; // by the recording's number
};

} // namespace ashlar::profile
