// SPDX-License-Identifier: MIT
// What `ashlar top` knows of the processes that it watches, and how it is shown at the moment.
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
    double processor = 0; // share of one processor since the last look, 0 to 1
};

// A place in the program's text at which it asks for memory.
struct SiteLine {
    std::string place;
    double bytes = 0; // a second; an estimate
    double share = 0; // of all, 0 to 1
};

// A process after its last look.
struct Watched {
    pid_t process = 0;
    observe::Snapshot now;
    std::optional<observe::Rates> rates; // since the look before
    std::string closed;                  // why its heap's tables may not be read; empty: they may
    std::vector<ThreadLine> threads;     // the busiest first
    std::optional<std::vector<SiteLine>>
        sites{}; // likewise; while its profiler is on, of the one that is shown

    struct Point {
        std::uint64_t live = 0;
        std::uint64_t rest_of_heap = 0; // with the excess of huge pages
        std::uint64_t outside = 0;
    };
    std::deque<Point> history{}; // of RSS, the newest last
};
Watched::Point point_of(const observe::Ledger& ledger);

// Columns of the list, in the order in which < and > go through them.
enum class ListOrder { kNumber, kRss, kLive, kFree, kOutside, kRate, kThreads, kName };
// Of the classes of one process.
enum class ClassOrder { kSize, kMemory, kFree, kRate };

struct TopState {
    std::vector<Watched> processes; // in the order of the list
    std::optional<pid_t> alone;     // the process that is shown alone; nothing: the list
    bool is_only = false;           // the list was not asked for
    std::size_t selected = 0;       // line of the list
    bool follows = false;  // the selection was moved away from the first line: it stays with its process
    std::size_t first = 0; // line of the list, or of the classes and threads, that is shown first
    ListOrder list_order = ListOrder::kRss;
    ClassOrder class_order = ClassOrder::kMemory;
    bool reversed = false;
    bool shows_help = false;
    double delay = 2; // seconds between two looks
    std::string message;
};
void sort_processes(TopState& state);

} // namespace ashlar::screen
