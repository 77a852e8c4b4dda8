// SPDX-License-Identifier: MIT
//
// Statistics that the process writes by itself, by the settings stats_at_exit, stats_file and stats_signal:
// at its end, every second, and after a signal. The signal's handler only wakes the background thread,
// because gathering takes locks.
//
// A relative path is relative to the folder in which the process started. Files are written from the first
// allocations on, because one of them starts the background thread.
//
// Readers of such a file always get a whole text: it is written under another name and then renamed. A forked
// child writes only files with the process number (%p) in their names, which are its own.
#pragma once

namespace ashlar::observe {

// Called at start, after the settings were read. Does nothing without these settings.
void start_reports();
void report_at_exit();

} // namespace ashlar::observe
