// SPDX-License-Identifier: MIT
//
// Statistics as texts: lines for a person, XML like the C library's malloc_info, JSON, and the text format of
// Prometheus. docs/statistics.md explains each row.
#pragma once

#include "observe/output.h"
#include "observe/statistics.h"

#include <cstdint>
#include <string_view>

namespace ashlar::observe {

enum class Format : std::uint8_t { kText, kXml, kJson, kPrometheus };

// Returns kJson for a name that ends in ".json", kPrometheus for ".prom", and otherwise kText.
Format format_for(std::string_view path);

// Writes all present statistics, with `prefix` before each line of kText. Returns false if some text is lost.
bool write(Format format, Output::Write write, void* to, std::string_view prefix = {});

// Writes the given figures.
using ClassFigures = ashlar_class_statistics (*)(unsigned number);
using LockFigures = ashlar_lock_statistics (*)(unsigned number);
void write(Format format, const ashlar_statistics& process, ClassFigures figures_of, Output& output,
           std::string_view prefix = {}, LockFigures locks_of = gather_lock);

} // namespace ashlar::observe
