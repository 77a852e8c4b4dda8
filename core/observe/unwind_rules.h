// SPDX-License-Identifier: MIT
//
// Rules for unwinding the frame of one instruction, each in one word, and a table of rules for all threads.
// Nearly every frame ends at a register plus an offset, with its return address just below its end. The
// caller's frame pointer is saved at another offset. One word is enough for such a frame.
//
// The table has no lock. An entry has two words: the rule, and the address combined with the rule. Words of
// two writers do not match, so the entry is ignored. A rule has 26 bits of its object's identity, so that it
// is not used for another object at the same addresses.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace ashlar::observe {

enum class Step : std::uint8_t {
    kAbsent,        // not in the table
    kFromRsp,       // the frame ends at rsp + end
    kFromRbp,       // the frame ends at rbp + end
    kThroughRbp,    // the address in memory at rbp + end; the caller's rbp is at rbp (aligned stacks)
    kByDescription, // none of these: the description is read each time
    kNoDescription, // the frame pointer is used
    kOutermost,     // the frame has no caller
};

class UnwindRule {
  public:
    UnwindRule() = default;
    UnwindRule(Step step, std::uint32_t object, std::int64_t end = 0, std::uint64_t saved_rbp = 0)
        : bits_(static_cast<std::uint64_t>(step) | std::uint64_t{object & kObjectMask} << kObjectShift |
                (static_cast<std::uint64_t>(end / 8) & kEndMask) << kEndShift |
                (saved_rbp / 8) << kRbpShift) {}

    // Returns whether a rule can hold both: multiples of 8 bytes, and not too large. `saved_rbp` is the
    // distance in bytes from the frame's end down to the caller's saved rbp. 0: the register still has it.
    static bool fits(std::int64_t end, std::uint64_t saved_rbp) {
        return end % 8 == 0 && end >= -kMostEnd && end < kMostEnd && saved_rbp % 8 == 0 &&
               saved_rbp / 8 < (std::uint64_t{1} << (kEndShift - kRbpShift));
    }

    Step step() const { return static_cast<Step>(bits_ & kStepMask); }
    std::uint32_t object() const { return static_cast<std::uint32_t>(bits_ >> kObjectShift) & kObjectMask; }
    std::int64_t end() const { return static_cast<std::int64_t>(bits_) >> kEndShift << 3; }
    std::uint64_t saved_rbp() const {
        return (bits_ >> kRbpShift & ((std::uint64_t{1} << (kEndShift - kRbpShift)) - 1)) * 8;
    }
    std::uint64_t bits() const { return bits_; }

    static UnwindRule of_bits(std::uint64_t bits) {
        UnwindRule rule;
        rule.bits_ = bits;
        return rule;
    }

    static constexpr std::uint32_t kObjectMask = (1U << 26) - 1;

  private:
    // 63         43     33        7    3    0
    // | end in words | rbp | object | - | step |
    static constexpr std::uint64_t kStepMask = 7;
    static constexpr unsigned kObjectShift = 7;
    static constexpr unsigned kRbpShift = 33;
    static constexpr unsigned kEndShift = 43;
    static constexpr std::uint64_t kEndMask = (std::uint64_t{1} << (64 - kEndShift)) - 1;
    static constexpr std::int64_t kMostEnd = std::int64_t{1} << (63 - kEndShift + 3);

    std::uint64_t bits_ = 0;
};

// Returns the rule for the instruction at `address`, or kAbsent if there is none or it is another object's.
UnwindRule known_rule(std::uintptr_t address, std::uint32_t object);

// Remembers a rule. The first call maps the table. Without memory for it nothing is remembered.
void remember_rule(std::uintptr_t address, UnwindRule rule);

// Returns the bytes of the table, or 0 before it is needed.
std::size_t rules_bytes();

} // namespace ashlar::observe
