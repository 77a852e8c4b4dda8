// SPDX-License-Identifier: MIT
#include "report/memory_report.h"

#include <array>
#include <fmt/ostream.h>
#include <functional>
#include <ostream>

namespace ashlar::report {

namespace {

using observe::ClassReading;

// Escapes backslashes, quotes and line ends of a label's value.
std::string escaped(const std::string& text) {
    std::string result;
    for (const char each : text) {
        switch (each) {
        case '\\':
            result += "\\\\";
            break;
        case '"':
            result += "\\\"";
            break;
        case '\n':
            result += "\\n";
            break;
        default:
            result += each;
        }
    }
    return result;
}

class Exposition {
  public:
    Exposition(std::ostream& out, const MemoryReport& report)
        : out_(out),
          labels_(fmt::format("pid=\"{}\",name=\"{}\"", report.process, escaped(report.now.status.name))) {}

    void family(const char* name, const char* type, const char* help) {
        name_ = name;
        fmt::print(out_, "# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
    }
    void sample(std::uint64_t value, const std::string& more = "") {
        fmt::print(out_, "{}{{{}{}{}}} {}\n", name_, labels_, more.empty() ? "" : ",", more, value);
    }

  private:
    std::ostream& out_;
    std::string labels_;
    const char* name_ = "";
};

struct ClassFigure {
    const char* name;
    const char* type;
    const char* help;
    std::function<std::uint64_t(const ClassReading&)> value;
};

void write_classes(Exposition& exposition, const observe::HeapReading& heap) {
    static const std::array figures{
        ClassFigure{"ashlar_class_live_blocks", "gauge",
                    "Blocks that the program holds, by the size of their class.",
                    [](const ClassReading& row) { return row.live(); }},
        ClassFigure{"ashlar_class_cached_blocks", "gauge", "Free blocks in thread caches.",
                    [](const ClassReading& row) { return row.cached; }},
        ClassFigure{"ashlar_class_free_blocks", "gauge", "Free blocks in slabs.",
                    [](const ClassReading& row) { return row.free(); }},
        ClassFigure{"ashlar_class_slabs", "gauge", "Slabs of the class.",
                    [](const ClassReading& row) { return row.slabs; }},
        ClassFigure{"ashlar_class_refills_total", "counter",
                    "Times that a thread's cache was filled from slabs.",
                    [](const ClassReading& row) { return row.refills; }},
        ClassFigure{"ashlar_class_flushes_total", "counter", "Times that a thread's cache gave blocks back.",
                    [](const ClassReading& row) { return row.flushes; }},
        ClassFigure{"ashlar_class_remote_frees_total", "counter",
                    "Blocks that were sent home to another shard.",
                    [](const ClassReading& row) { return row.remote_frees; }},
    };
    for (const ClassFigure& figure : figures) {
        exposition.family(figure.name, figure.type, figure.help);
        for (std::size_t c = 1; c < heap.classes.size(); ++c) {
            exposition.sample(figure.value(heap.classes[c]),
                              fmt::format("size=\"{}\"", heap.classes[c].size));
        }
    }
}

// Prometheus counts time in seconds with fractions, but samples here are whole numbers, so times are in ns.
void write_locks(Exposition& exposition, const observe::HeapReading& heap) {
    struct Figure {
        const char* name;
        const char* type;
        const char* help;
        std::uint64_t ashlar_lock_counters::*value;
    };
    constexpr std::array kFigures{
        Figure{"ashlar_lock_acquisitions_total", "counter", "Times that a lock of the heap's own was taken.",
               &ashlar_lock_counters::acquisitions},
        Figure{"ashlar_lock_contended_total", "counter", "Of these, times that a thread had to wait.",
               &ashlar_lock_counters::contended},
        Figure{"ashlar_lock_wait_nanoseconds_total", "counter", "Time that threads waited, all together.",
               &ashlar_lock_counters::wait_ns},
        Figure{"ashlar_lock_wait_max_nanoseconds", "gauge", "The longest wait.",
               &ashlar_lock_counters::wait_max_ns},
    };
    for (const Figure& figure : kFigures) {
        if (heap.locks.empty()) {
            return;
        }
        exposition.family(figure.name, figure.type, figure.help);
        for (const observe::LockReading& lock : heap.locks) {
            exposition.sample(lock.counts.*figure.value, fmt::format("lock=\"{}\"", escaped(lock.name)));
        }
    }
}

} // namespace

void write_memory_prometheus(std::ostream& out, const MemoryReport& report) {
    Exposition exposition(out, report);
    const observe::Ledger& ledger = report.now.ledger;
    exposition.family("ashlar_memory_bytes", "gauge",
                      "What the memory of the process is used for; the parts add up to its RSS.");
    for (const observe::PartFacts& part : observe::kParts) {
        exposition.sample(ledger[part.part], fmt::format("part=\"{}\"", part.key));
    }
    exposition.family("ashlar_rss_bytes", "gauge", "Memory of the process, as the kernel counts it.");
    exposition.sample(ledger.rss);
    exposition.family("ashlar_absent_bytes", "gauge", "What takes addresses of the heap but no memory.");
    exposition.sample(ledger.live_absent, "kind=\"live_untouched\"");
    exposition.sample(ledger.free_absent, "kind=\"free_in_slabs\"");
    exposition.sample(ledger.free_clean, "kind=\"free_clean\"");
    exposition.family("ashlar_swap_bytes", "gauge", "Memory of the process in swap.");
    exposition.sample(ledger.swap);
    exposition.family("ashlar_threads", "gauge", "Threads of the process.");
    exposition.sample(ledger.threads);
    if (report.now.heap) {
        const observe::HeapReading& heap = *report.now.heap;
        exposition.family("ashlar_live_bytes", "gauge",
                          "Bytes of blocks that the program holds, touched or not.");
        exposition.sample(heap.live());
        exposition.family("ashlar_purges_total", "counter", "Calls that gave memory back to the system.");
        exposition.sample(heap.events.purges);
        exposition.family("ashlar_fallback_calls_total", "counter",
                          "Requests that went to the malloc behind Ashlar.");
        exposition.sample(heap.events.fallback_calls);
        write_classes(exposition, heap);
        write_locks(exposition, heap);
    }
    exposition.family("ashlar_verdict", "gauge", "1 for what the memory looks like.");
    exposition.sample(1, fmt::format("verdict=\"{}\"", observe::verdict_name(report.judgement.verdict)));
}

} // namespace ashlar::report
