// SPDX-License-Identifier: MIT
//
// The statistics as texts: lines for a person, XML as the C library's malloc_info writes it, JSON, and the
// text format of Prometheus. docs/statistics.md says what each row means.
#pragma once

#include "observe/output.h"
#include "observe/statistics.h"

#include <cstdint>
#include <string_view>

namespace ashlar::observe {

enum class Format : std::uint8_t { kText, kXml, kJson, kPrometheus };

// JSON for a name that ends in ".json", Prometheus's for ".prom", otherwise text.
Format format_for(std::string_view path);

// Everything there is to tell now. False if it could not be written as a whole. `prefix` stands before each
// line of kText.
bool write(Format format, Output::Write write, void* to, std::string_view prefix = {});

// Likewise, of given figures.
using ClassFigures = ashlar_class_statistics (*)(unsigned number);
using LockFigures = ashlar_lock_statistics (*)(unsigned number);
void write(Format format, const ashlar_statistics& process, ClassFigures figures_of, Output& output,
           std::string_view prefix = {}, LockFigures locks_of = gather_lock);

} // namespace ashlar::observe
