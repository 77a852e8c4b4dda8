// SPDX-License-Identifier: MIT
// The state of `ashlar top`: its processes, and how they are shown.
#pragma once

#include "observe/rates.h"
#include "observe/snapshot.h"

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace ashlar::screen {

struct ThreadLine {
    pid_t number = 0;
    std::string name;
    double processor = 0; // share of one CPU since the last reading, 0 to 1
};

// A place in the source text that requests memory.
struct SiteLine {
    std::string place;
    double bytes = 0; // per second, estimated
    double share = 0; // of all sites, 0 to 1
};

// A process after its last reading.
struct Watched {
    pid_t process = 0;
    observe::Snapshot now;
    std::optional<observe::Rates> rates; // since the reading before
    std::string closed;                  // why the heap's tables must not be read; empty: they may be
    std::vector<ThreadLine> threads;     // the busiest first
    std::optional<std::vector<SiteLine>>
        sites{}; // the busiest first; only of the process shown, while its profiler is on

    struct Point {
        std::uint64_t live = 0;
        std::uint64_t rest_of_heap = 0; // heap beyond `live`, with the excess of huge pages
        std::uint64_t outside = 0;
    };
    std::deque<Point> history{}; // parts of RSS, the newest last
};
Watched::Point point_of(const observe::Ledger& ledger);

// Columns of the list, in the order of < and >.
enum class ListOrder { kNumber, kRss, kLive, kFree, kOutside, kRate, kThreads, kName };
// Columns of a process's classes.
enum class ClassOrder { kSize, kMemory, kFree, kRate };

struct TopState {
    std::vector<Watched> processes; // in the list's order
    std::optional<pid_t> alone;     // the process shown alone; none: the list
    bool is_only = false;           // there is no list to return to
    std::size_t selected = 0;       // line of the list
    bool follows = false;           // the selection has left the first line, so it follows its process
    std::size_t first = 0;          // first line shown, of the list or of classes and threads
    ListOrder list_order = ListOrder::kRss;
    ClassOrder class_order = ClassOrder::kMemory;
    bool reversed = false;
    bool shows_help = false;
    double delay = 2; // seconds between two readings
    std::string message;
};
void sort_processes(TopState& state);

} // namespace ashlar::screen
