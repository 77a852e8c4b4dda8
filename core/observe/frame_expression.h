// SPDX-License-Identifier: MIT
//
// DWARF expressions of frame descriptions (DWARF 5, 2.5). They occur in the procedure linkage table, in
// signal frames, and in functions that align their stack.
#pragma once

#include "observe/frame_registers.h"
#include "observe/object_bytes.h"
#include "observe/stack_memory.h"

#include <cstdint>
#include <optional>

namespace ashlar::observe {

// Returns the value of the expression at `address`: its length, then its operations. `first`, if given, is on
// the stack at the start. Returns nothing if a register's value is missing, if the expression is damaged, or
// after 256 steps. Sets `unknown` if a register's value was missing.
std::optional<std::uint64_t> evaluate(ObjectBytes& bytes, std::uintptr_t address,
                                      const FrameRegisters& registers, StackMemory& memory,
                                      std::optional<std::uint64_t> first, bool& unknown);

} // namespace ashlar::observe
