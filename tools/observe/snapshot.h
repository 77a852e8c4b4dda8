// SPDX-License-Identifier: MIT
// One reading of a process: everything that may be known of its memory at one moment, while it runs on.
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
    std::optional<HeapReading> heap; // nothing if its tables must not be read
    std::optional<HeapMemory> memory;
};

// A process to look at, more than once.
class Subject {
  public:
    enum class State {
        kReadable, // the whole ledger
        kMappings, // the mappings, but not the heap's tables
        kSums,     // what the kernel tells everybody; whether it runs on Ashlar is not known
        kGone,     // there is no such process, or it has ended
        kNoMemory, // it has ended but was not waited for, or it is the kernel's
        kNotAshlar,
        kOtherAshlar, // its library's tables are of another version
    };

    explicit Subject(pid_t process);

    State state() const { return state_; }
    pid_t process() const { return files_.process(); }
    const process::Status& status() const { return status_; }
    const std::optional<Library>& library() const { return search_.library; }
    const process::Files& files() const { return files_; }
    const std::string& library_path() const { return search_.path; }
    // Why it is not kReadable.
    const std::optional<process::Refusal>& refusal() const { return refusal_; }
    std::uint64_t start_time() const { return start_time_; } // in ticks since boot

    bool is_alive() const { return files_.is_alive(); }
    machine::Descriptor end() const { return files_.end(); } // to wait for, see process::Files

    // Nothing if the process ends meanwhile or becomes another program.
    std::optional<Snapshot> read() const;
    std::optional<HeapReading> read_heap() const; // of kReadable: much cheaper
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
