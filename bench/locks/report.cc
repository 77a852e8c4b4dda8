// SPDX-License-Identifier: MIT
#include "locks/report.h"

#include <cinttypes>

namespace bench::locks {

namespace {

LockCounts sum_of_all(Run& run) {
    LockCounts all{};
    for (LockId lock = 0; lock < run.locks().size(); ++lock) {
        all.add(run.counts(lock));
    }
    return all;
}

double mean_us(const LockCounts& counts) {
    return counts.timed == 0 ? 0
                             : static_cast<double>(counts.wait_ns) / static_cast<double>(counts.timed) / 1000;
}

double throughput(const Run& run) {
    return static_cast<double>(run.operations()) / run.seconds();
}

// Returns the peak of this program only. getrusage may return the peak of the process that started it.
long peak_rss_kib() {
    long kib = 0;
    std::FILE* const status = std::fopen("/proc/self/status", "re");
    char line[256];
    while (status != nullptr && std::fgets(line, sizeof line, status) != nullptr &&
           std::sscanf(line, "VmHWM: %ld", &kib) != 1) {
    }
    if (status != nullptr) {
        std::fclose(status);
    }
    return kib;
}

// All strings here are this program's own names, which need no escapes.
void print_lock(std::FILE* to, const DeclaredLock& lock, const LockCounts& counts) {
    std::fprintf(to, R"({"name": "%s", "kind": "%s", "address": "%p")", lock.name.c_str(), lock.kind,
                 lock.address);
    const struct {
        const char* name;
        std::uint64_t value;
    } fields[] = {{"acquisitions", counts.acquisitions},
                  {"releases", counts.releases},
                  {"event_waits", counts.event_waits},
                  {"time_outs", counts.time_outs},
                  {"timed_acquisitions", counts.timed},
                  {"wait_ns", counts.wait_ns},
                  {"longest_wait_ns", counts.longest_wait_ns},
                  {"waits_above_1_ms", counts.contentions},
                  {"waits_above_10_us", counts.visible_waits},
                  {"waits_above_10_us_ns", counts.visible_wait_ns},
                  {"hold_ns", counts.hold_ns},
                  {"longest_hold_ns", counts.longest_hold_ns}};
    for (const auto& field : fields) {
        std::fprintf(to, R"(, "%s": %)" PRIu64, field.name, field.value);
    }
    std::fputs("}", to);
}

// Prints a JSON array in lines. Calls print(index) for each element.
template <typename Print>
void print_array(std::FILE* to, const char* name, std::size_t count, const Print& print) {
    std::fprintf(to, ",\n\"%s\": [", name);
    for (std::size_t index = 0; index < count; ++index) {
        std::fputs(index == 0 ? "\n " : ",\n ", to);
        print(index);
    }
    std::fputs("]", to);
}

struct OrderedPair {
    LockId held;
    LockId acquired;
    std::uint64_t count;
};

std::vector<OrderedPair> orders(Run& run) {
    std::vector<OrderedPair> seen;
    for (LockId held = 0; held < run.locks().size(); ++held) {
        for (LockId acquired = 0; acquired < run.locks().size(); ++acquired) {
            if (const std::uint64_t count = run.order(held, acquired)) {
                seen.push_back({held, acquired, count});
            }
        }
    }
    return seen;
}

} // namespace

void print_text(std::FILE* to, const std::string& type, Run& run) {
    const LockCounts all = sum_of_all(run);
    std::fprintf(to, "%s\n", type.c_str());
    std::fprintf(to, "Duration = %.6f s\n", run.seconds());
    std::fprintf(to, "Operations = %" PRIu64 "\n", run.operations());
    std::fprintf(to, "Mean time to acquire = %.3f us\n", mean_us(all));
    std::fprintf(to, "Maximum time to acquire = %.3f us\n", static_cast<double>(all.longest_wait_ns) / 1000);
    std::fprintf(to, "Contentions = %" PRIu64 "\n", all.contentions); // waits above 1 ms
    std::fprintf(to, "Time-outs = %" PRIu64 "\n", all.time_outs);     // planned by the scenario
    std::fprintf(to, "Errors = %" PRIu64 "\n", run.errors());
    std::fprintf(to, "Peak RSS = %ld KiB\n", peak_rss_kib());
    std::fprintf(to, "Throughput = %.1f operations per second\n", throughput(run));
}

void print_json(std::FILE* to, const std::string& type, Run& run) {
    const LockCounts all = sum_of_all(run);
    std::fprintf(to, "{\"type\": \"%s\"", type.c_str());
    for (const ParameterFacts& parameter : kParameters) {
        std::fprintf(to, ",\n\"%s\": %" PRIu64, parameter.key, run.parameters.*parameter.value);
    }
    std::fprintf(to, ",\n\"duration_seconds\": %.9f", run.seconds());
    std::fprintf(to, ",\n\"total_operations\": %" PRIu64, run.operations());
    std::fprintf(to, ",\n\"operations_per_second\": %.3f", throughput(run));
    std::fprintf(to, ",\n\"mean_time_to_acquire_us\": %.3f", mean_us(all));
    std::fprintf(to, ",\n\"maximum_time_to_acquire_us\": %.3f",
                 static_cast<double>(all.longest_wait_ns) / 1000);
    std::fprintf(to, ",\n\"contentions\": %" PRIu64, all.contentions);
    std::fprintf(to, ",\n\"time_outs\": %" PRIu64, all.time_outs);
    std::fprintf(to, ",\n\"errors\": %" PRIu64, run.errors());
    std::fprintf(to, ",\n\"peak_rss_kib\": %ld", peak_rss_kib());
    print_array(to, "locks_used", run.locks().size(), [&](std::size_t index) {
        print_lock(to, run.locks()[index], run.counts(static_cast<LockId>(index)));
    });
    const std::vector<OrderedPair> pairs = orders(run);
    print_array(to, "order", pairs.size(), [&](std::size_t index) {
        std::fprintf(to, R"({"held": "%s", "acquired": "%s", "count": %)" PRIu64 "}",
                     run.locks()[pairs[index].held].name.c_str(),
                     run.locks()[pairs[index].acquired].name.c_str(), pairs[index].count);
    });
    print_array(to, "workers", run.workers().size(), [&](std::size_t index) {
        const Worker& worker = run.workers()[index];
        std::fprintf(to, R"({"name": "worker-%zu", "thread": %d, "acquisitions": %)" PRIu64 "}", worker.index,
                     worker.thread_id, worker.tally.acquisitions());
    });
    std::fputs("}\n", to);
}

} // namespace bench::locks
