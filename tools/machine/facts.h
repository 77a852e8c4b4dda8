// SPDX-License-Identifier: MIT
// What a measurement was made on.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ashlar::machine {

struct Facts {
    std::string processor;              // as /proc/cpuinfo names it
    unsigned usable_processors = 1;     // in this process's affinity mask
    std::uint64_t memory_kib = 0;       // MemTotal
    std::string kernel;                 // release and version
    std::string transparent_huge_pages; // the mode in force: always, madvise, never
    std::string c_library;              // glibc's version
    std::string system_name;            // PRETTY_NAME of os-release
    std::string load;                   // 1, 5, 15 minutes, at the time of asking
};

Facts collect_facts();

unsigned usable_processors();
std::vector<unsigned> processor_numbers(); // of those

// CPU time that the hypervisor gave to others since boot, over all processors.
double stolen_seconds();

} // namespace ashlar::machine
