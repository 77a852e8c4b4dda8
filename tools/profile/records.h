// SPDX-License-Identifier: MIT
// Reads the records of a profile (ashlar/profile_format.h) in sequence. Trusts nothing that a file says about
// itself. Uses a record only if its checksum is right. The bytes between two such records are a gap.
#pragma once

#include <ashlar/profile_format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>

namespace ashlar::profile {

namespace format = profile_format;

struct Record {
    format::Kind kind;
    std::span<const std::byte> payload; // of a region: its rows
    std::size_t row_size = 0;           // of a region; else 0
    std::uint64_t first = 0;            // number of a region's first row
    std::size_t size = 0;               // of the whole record
};

class RecordReader {
  public:
    // `bytes`: the file from its first record to the end of the space handed out to writers.
    explicit RecordReader(std::span<const std::byte> bytes) : bytes_(bytes) {}

    std::optional<Record> next();

    // Gaps so far: records that their writer did not finish, and all other gaps.
    std::uint64_t unfinished() const { return unfinished_; }
    std::uint64_t damaged() const { return damaged_; }

  private:
    std::optional<Record> record_at(std::size_t place) const;
    bool is_unfinished_at(std::size_t place) const;

    std::span<const std::byte> bytes_;
    std::size_t place_ = 0;
    std::uint64_t unfinished_ = 0;
    std::uint64_t damaged_ = 0;
};

// Copies the structure at the front of a payload. Missing bytes are 0, for payloads of older libraries.
template <class Structure>
Structure front_of(std::span<const std::byte> payload) {
    Structure structure{};
    if (!payload.empty()) {
        std::memcpy(&structure, payload.data(), std::min(payload.size(), sizeof structure));
    }
    return structure;
}

// Returns the payload behind that structure, or nothing.
template <class Structure>
std::span<const std::byte> rest_of(std::span<const std::byte> payload) {
    return payload.subspan(std::min(payload.size(), sizeof(Structure)));
}

} // namespace ashlar::profile
