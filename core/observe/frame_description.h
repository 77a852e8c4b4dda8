// SPDX-License-Identifier: MIT
//
// Reads an object's .eh_frame for one instruction: where the frame's end (CFA) and the caller's registers
// are. The section describes each function (FDE) by a small program. The program builds a table with a row
// for each range of instructions. Many functions share a common part (CIE). A table in .eh_frame_hdr, sorted
// by address, leads to the function. Formats: Linux Standard Base, "Exception Frames", and DWARF 5, 6.4. Does
// not read 64-bit lengths, nor search tables in a form that no linker writes.
#pragma once

#include "observe/described_object.h"
#include "observe/frame_registers.h"

#include <array>
#include <cstddef>
#include <cstdint>

namespace ashlar::observe {

// Where a caller's register is. kSame: unchanged, also if the description does not mention it.
enum class Place : std::uint8_t {
    kSame,
    kUndefined,    // nowhere; for the return address: the outermost frame
    kAtOffset,     // in memory, at CFA + value
    kOffset,       // the value is CFA + value
    kRegister,     // in the register with this number
    kAtExpression, // in memory, at the address that an expression gives
    kExpression,   // the value is the result of an expression
};

// A place and its number: an offset, or an expression's address less that of .eh_frame_hdr. Both are in one
// word, because rows are copied and the stack is short.
class RegisterRule {
  public:
    RegisterRule() = default;
    RegisterRule(Place place, std::int64_t value)
        : bits_(static_cast<std::int32_t>(value * (1 << kPlaceBits)) | static_cast<std::int32_t>(place)) {}

    static bool fits(std::int64_t value) { return value >= -kLimit && value < kLimit; }

    Place place() const { return static_cast<Place>(bits_ & ((1 << kPlaceBits) - 1)); }
    std::int64_t value() const { return bits_ >> kPlaceBits; }

  private:
    static constexpr int kPlaceBits = 3;
    static constexpr std::int64_t kLimit = std::int64_t{1} << (31 - kPlaceBits);

    std::int32_t bits_ = 0;
};

// The frame's end: a register and an offset, or an expression (`number` is then kRegisters).
struct FrameEnd {
    std::uint32_t number;
    RegisterRule value;

    bool is_expression() const { return number == kRegisters; }
};

struct FrameRow {
    FrameEnd end{kRegisters + 1, {}}; // none yet
    std::array<RegisterRule, kFollowed> registers{};

    const RegisterRule& rule_of(unsigned number) const { return registers[kColumns[number]]; }
};

struct FrameDescription {
    std::uintptr_t row_begin; // instructions that the row applies to
    std::uintptr_t row_end;
    bool signal_frame; // the caller was interrupted, so its address is that of its next instruction
    FrameRow row;
};

enum class Found : std::uint8_t { kDescription, kNone, kDamaged };

// Finds the description of the function around `address`, at that instruction.
Found describe(const DescribedObject& object, std::uintptr_t address, FrameDescription& description);

} // namespace ashlar::observe
