// SPDX-License-Identifier: MIT
// What one process has recorded, in memory: the sampled blocks with their stacks, and what is known of the
// process.
#pragma once

#include <ashlar/lock_format.h>
#include <ashlar/profile_format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace ashlar::profile {

inline constexpr std::uint32_t kNoObject = std::numeric_limits<std::uint32_t>::max();

// An executable or library that was loaded.
struct LoadedObject {
    std::string path;
    std::string build_id; // bytes

    auto operator<=>(const LoadedObject&) const =
        default; // NOLINT(modernize-use-nullptr): clang-tidy 14's mistake
};

struct Mapping {
    std::uint64_t begin;
    std::uint64_t end;
    std::uint64_t offset;
    std::uint32_t object; // index
};

// A return address.
struct Address {
    std::uint64_t value;
    std::uint64_t offset = 0;         // in the object's file
    std::uint32_t object = kNoObject; // none: code that was made at run time, or nothing
};

using Stack = std::vector<Address>; // innermost first

struct ThreadName {
    std::uint32_t number = 0; // 0: unknown
    std::uint32_t tid = 0;
    std::string name;
};

// A block that was sampled. It stands for others: see estimate.h.
struct Sample {
    std::uint64_t time;
    std::uint64_t size; // as requested
    double bytes;       // that it stands for
    double blocks;
    std::uint64_t allocated; // by the process until then
    std::uint32_t stack;     // index; 0 is one without frames
    std::uint32_t thread;    // index; 0 is an unknown one
    std::uint64_t distance;  // bytes between two samples, on average, when it was taken
    std::optional<std::uint64_t> freed;
    std::uint64_t allocated_when_freed = 0;
    double pinned = -1; // bytes by all blocks that it stands for, at the last dump; below 0: not said
    std::uint64_t age_when_pinned = 0;

    bool is_live_at(std::uint64_t moment) const { return time <= moment && (!freed || *freed > moment); }
};

// A moment at which a thread used the processor.
struct CpuSample {
    std::uint64_t time;
    double microseconds;  // of CPU time, that it stands for
    std::uint32_t stack;  // index; its first frame is where the thread was
    std::uint32_t thread; // index
    bool in_allocator;
};

// A row of the ledger, in the order of `Recording::count_names`.
struct CountsRow {
    std::uint64_t time;
    std::vector<std::uint64_t> values;
};

struct Moment {
    std::uint64_t time;
    profile_format::Reason reason;
    std::uint64_t live;
};

// What the lock profiler wrote. Numbers of stacks are indices of Recording::stacks, 0 for none.
struct LockTables {
    std::map<std::uint64_t, lock_format::LockRow> locks;     // by number
    std::map<std::uint64_t, lock_format::ThreadRow> threads; // by number
    std::vector<lock_format::TallyRow> tallies;
    std::vector<lock_format::OrderRow> orders;
    std::vector<lock_format::LongWait> long_waits;
};

// Who recorded it.
enum class Origin {
    kAshlar,
    kJemalloc,  // what was live at one moment, without times
    kHeaptrack, // sums by stack, without samples
};

// How a process ended that did not end its recording, as far as it is known.
enum class Ending {
    kUnknown, // or did not end
    kSignal,
    kNoHandlers, // by _exit and the like
    kOver,       // one of the two
    kReplaced,   // by exec
    kStillRuns,
};

struct Recording {
    Origin origin = Origin::kAshlar;
    std::filesystem::path file;
    std::string program; // path
    std::string root;    // where the files of the process are found from here; empty: as it saw them
    std::uint32_t pid = 0;
    std::uint32_t parent = 0;
    std::uint64_t started_realtime = 0;         // ns since 1970
    std::uint64_t process_started_realtime = 0; // likewise, or later if it is not known
    std::uint64_t start = 0;                    // ns, as all times
    std::uint64_t end = 0;                      // of the last record
    std::uint64_t rate = 0;                     // bytes between two samples, on average, at least
    std::uint64_t longest_distance = 0;         // and at most: above it where samples came too fast
    double usual_distance = 0;                  // in the mean over all bytes that were allocated
    std::uint64_t allocated = 0;                // bytes, by the process's own estimate
    profile_format::State state = profile_format::State::kRecording;
    std::uint64_t lost = 0;       // samples
    std::uint64_t unfinished = 0; // gaps, see RecordReader
    std::uint64_t damaged = 0;
    bool is_truncated = false; // its last part is missing
    bool exited = false;       // by exit or return from main, not by a signal
    Ending ending = Ending::kUnknown;
    int signal = 0; // of Ending::kSignal

    std::vector<LoadedObject> objects;
    std::vector<Mapping> mappings; // all there have been
    std::vector<Stack> stacks{{}};
    std::vector<ThreadName> threads{{}};
    std::vector<Sample> samples; // in the order of their records
    std::vector<std::string> count_names;
    std::vector<CpuSample> cpu_samples;
    std::optional<profile_format::CpuTime> cpu_time; // the last; none: the processor was not sampled
    std::vector<CountsRow> counts;
    std::vector<Moment> moments;
    LockTables locks;

    // The program said so, or the file was full.
    bool is_over() const {
        return exited || state == profile_format::State::kStopped || state == profile_format::State::kFull;
    }
    // All that was sampled is there: with a rate of 1, every block.
    bool is_complete() const { return lost == 0 && damaged == 0 && state != profile_format::State::kFull; }
    // See Figure::add().
    double stretch(const Sample& sample) const {
        return sample.distance == 0 ? 1
                                    : std::max(1.0, usual_distance / static_cast<double>(sample.distance));
    }
    double seconds(std::uint64_t time) const {
        return time < start ? 0 : static_cast<double>(time - start) * 1e-9;
    }
};

} // namespace ashlar::profile
