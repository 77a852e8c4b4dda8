// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace ashlar::report::profile {

// Compresses text in gzip's format. Throws std::runtime_error if memory is short.
std::string gzipped(const std::string& text);

} // namespace ashlar::report::profile
