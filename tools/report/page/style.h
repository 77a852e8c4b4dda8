// SPDX-License-Identifier: MIT
// style.css, which the build embeds in the program.
#pragma once

namespace ashlar::report::page {

extern const char* const kStyle;

} // namespace ashlar::report::page
