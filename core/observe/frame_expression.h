// SPDX-License-Identifier: MIT
//
// DWARF expressions, as far as frame descriptions use them (DWARF 5, 2.5). They tell places that no register
// and offset can tell. Such are in the procedure linkage table, in signal frames and in functions that align
// their stack.
#pragma once

#include "observe/frame_registers.h"
#include "observe/object_bytes.h"
#include "observe/stack_memory.h"

#include <cstdint>
#include <optional>

namespace ashlar::observe {

// The value of the expression at `address`: its length, then its operations. It starts with `first` on its
// stack if there is one. Nothing if it cannot be computed from the registers known, or does not end within
// some hundred steps. `unknown` is then set if only a register's value was missing.
std::optional<std::uint64_t> evaluate(ObjectBytes& bytes, std::uintptr_t address,
                                      const FrameRegisters& registers, StackMemory& memory,
                                      std::optional<std::uint64_t> first, bool& unknown);

} // namespace ashlar::observe
