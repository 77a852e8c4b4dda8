// SPDX-License-Identifier: MIT
#include "observe/object_bytes.h"

#include "os/possible_memory.h"

#include <algorithm>

namespace ashlar::observe {

namespace {

// An encoding has the format in its low half. The next three bits say what the value is relative to.
constexpr unsigned kFormat = 0x0F;
constexpr unsigned kRelation = 0x70;
constexpr unsigned kRelativeToPlace = 0x10;
constexpr unsigned kRelativeToData = 0x30;

} // namespace

bool ObjectBytes::load(std::size_t size) {
    if (failed_ || at_ < extent_.begin || at_ >= extent_.end || extent_.end - at_ < size) {
        failed_ = true;
        return false;
    }
    const std::uintptr_t lasting = extent_.lasting_end - extent_.lasting_begin;
    if (at_ - extent_.lasting_begin < lasting && extent_.lasting_end - at_ >= size) {
        piece_ = reinterpret_cast<const unsigned char*>(extent_.lasting_begin);
        piece_start_ = extent_.lasting_begin;
        piece_size_ = lasting;
        return true;
    }
    return copy(size);
}

bool ObjectBytes::copy(std::size_t size) {
    piece_size_ = 0;
    std::size_t copied = std::min<std::size_t>(kPiece, extent_.end - at_);
    bool done = os::copy_if_readable(copy_.data(), reinterpret_cast<const void*>(at_), copied);
    if (!done && copied > size) { // the next pages need not be readable
        copied = size;
        done = os::copy_if_readable(copy_.data(), reinterpret_cast<const void*>(at_), copied);
    }
    failed_ = !done;
    if (failed_) return false;
    piece_ = copy_.data();
    piece_start_ = at_;
    piece_size_ = copied;
    return true;
}

std::uint64_t ObjectBytes::take_unsigned() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 70; shift += 7) {
        const auto byte = take<std::uint8_t>();
        if (shift < 64) value |= std::uint64_t{byte & 0x7FU} << shift;
        if ((byte & 0x80U) == 0) return value;
    }
    fail();
    return 0;
}

std::int64_t ObjectBytes::take_signed() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 70; shift += 7) {
        const auto byte = take<std::uint8_t>();
        if (shift < 64) value |= std::uint64_t{byte & 0x7FU} << shift;
        if ((byte & 0x80U) != 0) continue;
        if ((byte & 0x40U) != 0 && shift + 7 < 64) value |= ~std::uint64_t{0} << (shift + 7);
        return static_cast<std::int64_t>(value);
    }
    fail();
    return 0;
}

std::uint64_t ObjectBytes::take_encoded(std::uint8_t encoding, std::uintptr_t data, bool plain) {
    const std::uintptr_t place = at_;
    std::uint64_t value = 0;
    const auto extended = [](std::int64_t number) { return static_cast<std::uint64_t>(number); };
    switch (encoding & kFormat) {
    case 0x00: // a pointer
    case 0x04:
    case 0x0C:
        value = take<std::uint64_t>();
        break;
    case 0x01:
        value = take_unsigned();
        break;
    case 0x02:
        value = take<std::uint16_t>();
        break;
    case 0x03:
        value = take<std::uint32_t>();
        break;
    case 0x09:
        value = extended(take_signed());
        break;
    case 0x0A:
        value = plain ? take<std::uint16_t>() : extended(take<std::int16_t>());
        break;
    case 0x0B:
        value = plain ? take<std::uint32_t>() : extended(take<std::int32_t>());
        break;
    default:
        fail();
        return 0;
    }
    if (plain) return value;
    switch (encoding & kRelation) {
    case 0:
        return value;
    case kRelativeToPlace:
        return value + place;
    case kRelativeToData:
        return value + data;
    default:
        fail();
        return 0;
    }
}

} // namespace ashlar::observe
