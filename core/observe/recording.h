// SPDX-License-Identifier: MIT
//
// The profiler's output: one file at a time (record_file.h), with numbers for stacks and threads. It also has
// marks, at which the whole heap is described.
//
// Nothing here waits. open(), write_first(), set_paused() and close() are for one thread at a time. All other
// functions may be called in any state of the program, by several threads at once.
#pragma once

#include "observe/caller_stack.h"
#include "observe/record_file.h"

#include <ashlar/profile_format.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ashlar::observe::recording {

using profile_format::Reason;

inline constexpr std::uint64_t kSecond = 1'000'000'000; // ns

[[gnu::visibility("hidden")]] extern constinit RecordFile file;

// Totals of heap samples. Sample numbers continue in a new file, whose samples are above `base`.
struct Totals {
    std::atomic<std::uint64_t> samples{0};
    std::atomic<std::uint64_t> base{0};
    std::atomic<std::uint64_t> live{0}; // bytes, estimated
    std::atomic<std::uint64_t> allocated{0};
};
[[gnu::visibility("hidden")]] extern constinit Totals totals;

// Returns whether the file is open and recording is not paused.
bool is_recording();
bool is_paused();
// Returns a number that changes when a file begins or recording resumes, which ends threads' counts.
std::uint32_t period();

// Opens a new file with `rate` and `parent` (of a forked child, or 0) in its header. Returns 0 or an error.
int open(std::string_view place, std::size_t limit, std::size_t rate, std::uint32_t parent);
// kNone leaves out the figures of the heap, which take locks, where no thread may wait.
enum class Figures : bool { kNone, kAll };
// Writes the first records of an open file.
void write_first(Reason reason, Figures figures);
void set_paused(bool pause);
// Writes the last records, and closes the file.
void close(Reason reason);

// Writes the figures of the heap, and a mark.
void write_all(Reason reason);
// Writes both, or the figures alone, if they are due.
void write_what_is_due(std::uint64_t time);

// Returns the number of a stack in the file, or 0 if it could not be written. Writes a new stack first.
std::uint32_t number_of(const CallerStack& caller, std::uint64_t time);
// Return the calling thread's number. 0: the thread has none yet, or its record could not be written.
std::uint32_t present_number();
std::uint32_t number_of_thread();

} // namespace ashlar::observe::recording
