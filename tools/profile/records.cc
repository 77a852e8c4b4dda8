// SPDX-License-Identifier: MIT
#include "profile/records.h"

#include <algorithm>

namespace ashlar::profile {

namespace {

constexpr std::size_t kStep = 8;
constexpr std::size_t kLargest = std::size_t{1} << 20; // no writer makes larger records

// Returns a region: rows that the program updated in place. The checksum covers the bytes before the rows.
std::optional<Record> region_at(std::span<const std::byte> record) {
    const auto head = front_of<format::RecordHead>(record);
    if (record.size() < sizeof head + sizeof(format::Region)) {
        return std::nullopt;
    }
    const auto region = front_of<format::Region>(record.subspan(sizeof head));
    const std::size_t room = record.size() - sizeof head - sizeof region;
    const std::uint64_t rows = std::uint64_t{region.rows} * region.row_size;
    if (head.checksum != format::checksum_of_region(head, region) || region.row_size == 0 ||
        region.skip > room || rows > room - region.skip) {
        return std::nullopt;
    }
    return Record{.kind = head.kind,
                  .payload = record.subspan(sizeof head + sizeof region + region.skip, rows),
                  .row_size = region.row_size,
                  .first = region.first,
                  .size = head.size};
}

} // namespace

std::optional<Record> RecordReader::record_at(std::size_t place) const {
    const std::span<const std::byte> left = bytes_.subspan(place);
    if (left.size() < sizeof(format::RecordHead)) {
        return std::nullopt;
    }
    const auto head = front_of<format::RecordHead>(left);
    const bool plausible = head.size >= sizeof head && head.size % kStep == 0 && head.size <= kLargest &&
                           head.size <= left.size() && head.kind != format::Kind::kUnfinished &&
                           head.zero == 0;
    if (!plausible) {
        return std::nullopt;
    }
    if (head.flags == format::kIsRegion) {
        return region_at(left.first(head.size));
    }
    const auto payload = left.subspan(sizeof head, head.size - sizeof head);
    return head.checksum == format::checksum_of(head, payload.data())
               ? std::optional(Record{.kind = head.kind, .payload = payload, .size = head.size})
               : std::nullopt;
}

bool RecordReader::is_unfinished_at(std::size_t place) const {
    const auto head = front_of<format::RecordHead>(bytes_.subspan(place));
    return head.kind == format::Kind::kUnfinished;
}

std::optional<Record> RecordReader::next() {
    const std::size_t begin = place_;
    std::optional<Record> record;
    // In a gap, tries every place: the size in a damaged head may skip intact records.
    while (!record && place_ < bytes_.size()) {
        record = record_at(place_);
        place_ += record ? record->size : std::min(kStep, bytes_.size() - place_);
    }
    const std::size_t length = record ? record->size : 0;
    if (place_ - length > begin) {
        ++(is_unfinished_at(begin) ? unfinished_ : damaged_);
    }
    return record;
}

} // namespace ashlar::profile
