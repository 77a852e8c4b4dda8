// SPDX-License-Identifier: MIT
//
// A fuzz target: one function of an input's bytes, called by libFuzzer or by the replaying driver. It ends
// the process by abort() if a property does not hold. It starts from the same state each time.
#pragma once

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace fuzz {

// Set by the driver's --print: the target prints its interpretation of the bytes on stdout.
inline bool printing = false;

} // namespace fuzz
