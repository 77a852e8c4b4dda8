// SPDX-License-Identifier: MIT
//
// Registers of one frame, with the numbers of frame descriptions (x86-64 psABI, 3.6.2).
#pragma once

#include <array>
#include <cstdint>

namespace ashlar::observe {

inline constexpr unsigned kRbx = 3;
inline constexpr unsigned kRbp = 6;
inline constexpr unsigned kRsp = 7;
inline constexpr unsigned kR12 = 12;
inline constexpr unsigned kReturnAddress = 16;
inline constexpr unsigned kRegisters = 17;

struct FrameRegisters {
    std::array<std::uint64_t, kRegisters> values;
    std::uint32_t known; // one bit per register; set if its value is valid

    bool knows(std::uint64_t number) const { return number < kRegisters && (known >> number & 1) != 0; }
    void set(unsigned number, std::uint64_t value) {
        values[number] = value;
        known |= 1U << number;
    }
};

// Registers that calls preserve.
inline constexpr std::uint32_t kKeptByCalls = 1U << kRbx | 1U << kRbp | 0xFU << kR12;

// Registers that are followed from frame to frame: those that calls preserve, and those that lead to the next
// frame. Functions that align their stack reach their frame by r10 while they begin and end.
inline constexpr unsigned kFollowed = 9;
inline constexpr std::array<std::uint8_t, kFollowed> kFollowedNumbers = {
    kRbx, kRbp, kRsp, 10, kR12, 13, 14, 15, kReturnAddress};

inline constexpr std::uint8_t kNotFollowed = 0xFF;

// Each register's position among those followed, or kNotFollowed.
inline constexpr std::array<std::uint8_t, kRegisters> kColumns = [] {
    std::array<std::uint8_t, kRegisters> columns{};
    columns.fill(kNotFollowed);
    for (std::uint8_t i = 0; i < kFollowed; ++i)
        columns[kFollowedNumbers[i]] = i;
    return columns;
}();

} // namespace ashlar::observe
