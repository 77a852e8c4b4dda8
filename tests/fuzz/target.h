// SPDX-License-Identifier: MIT
//
// What a fuzz target is: one function of an input's bytes, called by libFuzzer or by the replaying driver. It
// ends the process by abort() if something does not hold. It starts from the same state each time.
#pragma once

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace fuzz {

// Set by the driver's --print: the target says on stdout what it makes of the bytes.
inline bool printing = false;

} // namespace fuzz
