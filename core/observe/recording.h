// SPDX-License-Identifier: MIT
//
// What the profiler writes: one file at a time (record_file.h), and the stacks and threads that have numbers
// in it. It writes marks too, at which the heap as a whole is described.
//
// Nothing here waits, and all but open(), write_first(), set_paused() and close() may be called in any state
// of the program, by several threads at once. Those four are for one thread at a time.
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

// Of the samples of the heap. Their numbers go on when a new file begins: those in it are above `base`.
struct Totals {
    std::atomic<std::uint64_t> samples{0};
    std::atomic<std::uint64_t> base{0};
    std::atomic<std::uint64_t> live{0}; // bytes, estimated
    std::atomic<std::uint64_t> allocated{0};
};
[[gnu::visibility("hidden")]] extern constinit Totals totals;

// The file is open and recording is not paused.
bool is_recording();
bool is_paused();
// Changes when a file begins and when recording goes on: what threads had counted off does not hold any more.
std::uint32_t period();

// A new file. 0 or an error number. `rate` stands in its head; `parent` is the process whose child records,
// or 0.
int open(std::string_view place, std::size_t limit, std::size_t rate, std::uint32_t parent);
// The figures of the heap take locks, so they are left out where nobody may wait.
enum class Figures : bool { kNone, kAll };
// The first records of a file that was opened.
void write_first(Reason reason, Figures figures);
void set_paused(bool pause);
// The last records of the file.
void close(Reason reason);

// The figures of the heap, and a mark.
void write_all(Reason reason);
// Likewise, or the figures alone, if it is time for them.
void write_what_is_due(std::uint64_t time);

// The number of a stack in the file; the first time the stack is written, too. 0 if it could not be.
std::uint32_t number_of(const CallerStack& caller, std::uint64_t time);
// Of the calling thread; 0 if it has none yet, or if it cannot be written.
std::uint32_t present_number();
std::uint32_t number_of_thread();

} // namespace ashlar::observe::recording
