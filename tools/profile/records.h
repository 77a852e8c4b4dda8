// SPDX-License-Identifier: MIT
// The records of a profile (ashlar/profile_format.h), one after the other. Believes nothing that a file says
// about itself. A record is used if its checksum is right, and whatever is between two such records is a gap.
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
    // `bytes`: the file from its first record to the end of what was handed out to writers.
    explicit RecordReader(std::span<const std::byte> bytes) : bytes_(bytes) {}

    std::optional<Record> next();

    // Gaps so far: of writers that did not come to their end, and others.
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

// The structure at the front of a payload; zeros where the payload is shorter, as that of an older library
// is.
template <class Structure>
Structure front_of(std::span<const std::byte> payload) {
    Structure structure{};
    if (!payload.empty()) {
        std::memcpy(&structure, payload.data(), std::min(payload.size(), sizeof structure));
    }
    return structure;
}

// What follows that structure; nothing if there is no more.
template <class Structure>
std::span<const std::byte> rest_of(std::span<const std::byte> payload) {
    return payload.subspan(std::min(payload.size(), sizeof(Structure)));
}

} // namespace ashlar::profile
