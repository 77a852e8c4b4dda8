// SPDX-License-Identifier: MIT
// The report of `ashlar stats` about a process: for people, as JSON, and for Prometheus.
#pragma once

#include "observe/snapshot.h"
#include "observe/verdict.h"
#include "report/text_table.h"

#include <iosfwd>
#include <map>
#include <optional>
#include <string>
#include <sys/types.h>

namespace ashlar::report {

// An earlier reading to compare with.
struct EarlierReading {
    pid_t process = 0;
    std::uint64_t start_time = 0; // of the process
    double time = 0;              // seconds since 1970
    std::uint64_t rss = 0;
    std::map<std::string, std::uint64_t> parts;
    std::map<std::uint64_t, std::uint64_t> live_blocks; // blocks by size of the class, in bytes
    std::optional<std::uint64_t> live;                  // bytes that the program held
};

struct MemoryReport {
    pid_t process = 0;
    std::uint64_t start_time = 0;
    double time = 0;     // of the last reading, seconds since 1970
    std::string library; // path of the file
    std::string version;
    std::optional<process::Refusal> refusal;
    observe::Snapshot now;
    std::optional<EarlierReading> before;
    observe::Judgement judgement;
    std::string note; // remark for the reader; may be empty
};

std::string memory_text(const MemoryReport& report, const TextSettings& settings);
void write_memory_json(std::ostream& out, const MemoryReport& report);
void write_memory_prometheus(std::ostream& out, const MemoryReport& report);

// Reads the JSON of a report. Throws std::invalid_argument with a sentence if `text` is none.
EarlierReading read_memory_json(const std::string& text);

EarlierReading earlier(const MemoryReport& report);

} // namespace ashlar::report
