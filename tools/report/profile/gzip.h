// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace ashlar::report::profile {

// As gzip would compress it. Throws std::runtime_error if there is no memory for that.
std::string gzipped(const std::string& text);

} // namespace ashlar::report::profile
