// SPDX-License-Identifier: MIT
// What a process allocates, read from its recording while it writes it: each look reads what came since the
// one before.
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
    // Throws std::runtime_error, with a sentence, if the file cannot be read or is no recording.
    explicit AllocationStream(const std::filesystem::path& file);

    // Bytes that were allocated since the last call, by stack; at the first call, since recording began. They
    // are estimates. What a thread is just writing may be missed.
    std::map<std::uint32_t, double> take_new();

    // The stacks so far, by the same numbers, with all that their names need.
    const Recording& stacks() const { return recording_; }
    std::uint64_t start() const { return recording_.start; } // ns of CLOCK_MONOTONIC

  private:
    void read(std::span<const std::byte> records, std::map<std::uint32_t, double>& bytes);
    void add_map(std::span<const std::byte> payload);

    machine::Descriptor file_;
    std::uint64_t place_ = 0; // up to here it was read
    Recording recording_;
    AddressSpace space_;
    std::unordered_map<std::uint32_t, std::uint32_t> indexes_; // of stacks, by the recording's numbers
};

} // namespace ashlar::profile
