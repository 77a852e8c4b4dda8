// SPDX-License-Identifier: MIT
//
// Statistics that the process writes by itself, as the settings stats_at_exit, stats_file and stats_signal
// say: when it ends, every second, and when a signal comes. The signal's handler only wakes the background
// thread, because gathering takes locks.
//
// A relative path is relative to the folder in which the process started. Files are written from the first
// allocations on: the background thread starts with one of them.
//
// Who opens such a file reads a whole text: it is written under another name and takes its place then. A
// forked child writes none of its parent's files; those whose name has the number of the process (%p) are its
// own.
#pragma once

namespace ashlar::observe {

// At start, when the settings have been read. Without these settings it does nothing.
void start_reports();
void report_at_exit();

} // namespace ashlar::observe
