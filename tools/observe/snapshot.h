// SPDX-License-Identifier: MIT
// One reading of a running process: all that can be known about its memory at one moment.
#pragma once

#include "observe/heap_map.h"
#include "observe/heap_reading.h"
#include "observe/ledger.h"
#include "observe/library.h"
#include "observe/profile_state.h"
#include "process/access.h"
#include "process/files.h"
#include "process/memory.h"
#include "process/residency.h"

#include <chrono>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace ashlar::observe {

struct Snapshot {
    std::chrono::steady_clock::time_point time;
    process::Status status;
    Ledger ledger;
    std::optional<HeapReading> heap; // none: its tables must not be read
    std::optional<HeapMemory> memory;
};

// A process that is observed repeatedly.
class Subject {
  public:
    enum class State {
        kReadable, // the whole ledger can be read
        kMappings, // the mappings can be read, but not the heap's tables
        kSums,     // only public figures of the kernel; whether it runs on Ashlar is unknown
        kGone,     // the process does not exist or has ended
        kNoMemory, // a zombie or a kernel thread
        kNotAshlar,
        kOtherAshlar, // its library's tables have another version
    };

    explicit Subject(pid_t process);

    State state() const { return state_; }
    pid_t process() const { return files_.process(); }
    const process::Status& status() const { return status_; }
    const std::optional<Library>& library() const { return search_.library; }
    const process::Files& files() const { return files_; }
    const std::string& library_path() const { return search_.path; }
    // The reason for any other state than kReadable.
    const std::optional<process::Refusal>& refusal() const { return refusal_; }
    std::uint64_t start_time() const { return start_time_; } // in ticks since boot

    bool is_alive() const { return files_.is_alive(); }
    machine::Descriptor end() const { return files_.end(); } // becomes readable at the end

    // Returns nothing if the process ends or executes another program meanwhile.
    std::optional<Snapshot> read() const;
    std::optional<HeapReading> read_heap() const; // for kReadable only; much cheaper
    std::optional<ProfileState> profile_state() const;

  private:
    void look();
    bool is_still_there() const;

    process::Files files_;
    process::Memory memory_;
    State state_ = State::kGone;
    process::Status status_;
    std::uint64_t start_time_ = 0;
    LibrarySearch search_;
    std::optional<process::Refusal> refusal_;
};

} // namespace ashlar::observe
