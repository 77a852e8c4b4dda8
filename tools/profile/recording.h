// SPDX-License-Identifier: MIT
// The recording of one process in memory: its sampled blocks with their stacks, and facts about the process.
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

// An executable or library that the process loaded.
struct LoadedObject {
    std::string path;
    std::string build_id; // raw bytes

    auto operator<=>(const LoadedObject&) const =
        default; // NOLINT(modernize-use-nullptr): clang-tidy 14's mistake
};

struct Mapping {
    std::uint64_t begin;
    std::uint64_t end;
    std::uint64_t offset;
    std::uint32_t object; // index of Recording::objects
};

// A return address.
struct Address {
    std::uint64_t value;
    std::uint64_t offset = 0;         // in the object's file
    std::uint32_t object = kNoObject; // kNoObject: code made at run time, or no code
};

using Stack = std::vector<Address>; // innermost first

struct ThreadName {
    std::uint32_t number = 0; // 0: unknown
    std::uint32_t tid = 0;
    std::string name;
};

// A sampled block. It stands for several blocks: see estimate.h.
struct Sample {
    std::uint64_t time;
    std::uint64_t size; // as requested
    double bytes;       // sum over the blocks that it stands for
    double blocks;
    std::uint64_t allocated; // bytes that the process had allocated before
    std::uint32_t stack;     // index; 0: no frames
    std::uint32_t thread;    // index; 0: unknown
    std::uint64_t distance;  // mean distance of samples at that time, in bytes
    std::optional<std::uint64_t> freed;
    std::uint64_t allocated_when_freed = 0;
    double pinned = -1; // bytes pinned by all blocks that it stands for, at the last dump; below 0: unknown
    std::uint64_t age_when_pinned = 0;

    bool is_live_at(std::uint64_t moment) const { return time <= moment && (!freed || *freed > moment); }
};

// A moment at which a thread used the CPU.
struct CpuSample {
    std::uint64_t time;
    double microseconds;  // CPU time that it stands for
    std::uint32_t stack;  // index; the first frame is the interrupted one
    std::uint32_t thread; // index
    bool in_allocator;
};

// A row of the ledger; the columns are named by `Recording::count_names`.
struct CountsRow {
    std::uint64_t time;
    std::vector<std::uint64_t> values;
};

struct Moment {
    std::uint64_t time;
    profile_format::Reason reason;
    std::uint64_t live;
};

// Tables of the lock profiler. Stack numbers are indices of Recording::stacks; 0: none.
struct LockTables {
    std::map<std::uint64_t, lock_format::LockRow> locks;     // by number
    std::map<std::uint64_t, lock_format::ThreadRow> threads; // by number
    std::vector<lock_format::TallyRow> tallies;
    std::vector<lock_format::OrderRow> orders;
    std::vector<lock_format::LongWait> long_waits;
};

// The program that made the recording.
enum class Origin {
    kAshlar,
    kJemalloc,  // live blocks of one moment, without times
    kHeaptrack, // sums by stack, without samples
};

// How a process ended that did not finish its recording, as far as known.
enum class Ending {
    kUnknown, // or still runs
    kSignal,
    kNoHandlers, // by _exit or another way that runs no exit handlers
    kOver,       // kSignal or kNoHandlers
    kReplaced,   // by exec
    kStillRuns,
};

struct Recording {
    Origin origin = Origin::kAshlar;
    std::filesystem::path file;
    std::string program; // path
    std::string root;    // prefix of the process's file paths on this machine; empty: none
    std::uint32_t pid = 0;
    std::uint32_t parent = 0;
    std::uint64_t started_realtime = 0;         // ns since 1970
    std::uint64_t process_started_realtime = 0; // ns since 1970; later than the truth if unknown
    std::uint64_t start = 0;                    // ns, like all times below
    std::uint64_t end = 0;                      // time of the last record
    std::uint64_t rate = 0;                     // smallest mean distance of samples, in bytes
    std::uint64_t longest_distance = 0;         // largest; above `rate` if samples came too fast
    double usual_distance = 0;                  // mean over all bytes allocated
    std::uint64_t allocated = 0;                // bytes, by the process's own estimate
    profile_format::State state = profile_format::State::kRecording;
    std::uint64_t lost = 0;       // samples
    std::uint64_t unfinished = 0; // gaps of unfinished writers, see RecordReader
    std::uint64_t damaged = 0;
    bool is_truncated = false; // the end of the file is missing
    bool exited = false;       // by exit or return from main
    Ending ending = Ending::kUnknown;
    int signal = 0; // for Ending::kSignal

    std::vector<LoadedObject> objects;
    std::vector<Mapping> mappings; // all that ever existed
    std::vector<Stack> stacks{{}};
    std::vector<ThreadName> threads{{}};
    std::vector<Sample> samples; // in file order
    std::vector<std::string> count_names;
    std::vector<CpuSample> cpu_samples;
    std::optional<profile_format::CpuTime> cpu_time; // the last record; none: the CPU was not sampled
    std::vector<CountsRow> counts;
    std::vector<Moment> moments;
    LockTables locks;

    // Returns whether recording has ended: the program said so, or the file was full.
    bool is_over() const {
        return exited || state == profile_format::State::kStopped || state == profile_format::State::kFull;
    }
    // Returns whether no sample is missing. At a rate of 1 the recording then has every block.
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
