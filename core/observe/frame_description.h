// SPDX-License-Identifier: MIT
//
// What an object's .eh_frame says of one of its instructions: where the frame's end (CFA) is, and where the
// caller's registers are. The section describes each function (FDE) by a small program, which builds a table
// with a row for each range of instructions. Some of it is common to many functions (CIE). A table in
// .eh_frame_hdr, sorted by address, leads to the function. Formats: Linux Standard Base, "Exception Frames",
// and DWARF 5, 6.4. Not read: 64-bit lengths and search tables of another form than every linker's.
#pragma once

#include "observe/described_object.h"
#include "observe/frame_registers.h"

#include <array>
#include <cstddef>
#include <cstdint>

namespace ashlar::observe {

// Where a caller's register is. kSame: where it was; also where nothing is said of it.
enum class Place : std::uint8_t {
    kSame,
    kUndefined,    // nowhere; for the return address: this is the outermost frame
    kAtOffset,     // in memory, at CFA + value
    kOffset,       // it is CFA + value
    kRegister,     // in the register of that number
    kAtExpression, // in memory, at the address that an expression gives
    kExpression,   // it is what an expression gives
};

// A place, and the number that goes with it: an offset or, of an expression, its address less that of
// .eh_frame_hdr. In one word, because rows are copied and the stack is short.
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

// The frame's end: a register and an offset, or an expression (its number is then kRegisters).
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
    std::uintptr_t row_begin; // the instructions that the row is true of
    std::uintptr_t row_end;
    bool signal_frame; // what called it was interrupted: its address is that of the next instruction
    FrameRow row;
};

enum class Found : std::uint8_t { kDescription, kNone, kDamaged };

// The description of the function around `address`, at that instruction.
Found describe(const DescribedObject& object, std::uintptr_t address, FrameDescription& description);

} // namespace ashlar::observe
