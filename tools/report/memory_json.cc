// SPDX-License-Identifier: MIT
#include "report/memory_report.h"

#include <nlohmann/json.hpp>
#include <ostream>
#include <stdexcept>

namespace ashlar::report {

namespace {

using Json = nlohmann::ordered_json;
using observe::HeapMemory;
using observe::HeapReading;
using observe::Ledger;

constexpr const char* kFormat = "ashlar-stats-1";

Json parts(const Ledger& ledger) {
    Json object = Json::object();
    for (const observe::PartFacts& part : observe::kParts) {
        object[part.key] = ledger[part.part];
    }
    return object;
}

Json heap(const HeapReading& heap) {
    return {{"live", heap.live()},
            {"live_small", heap.live_small},
            {"live_large", heap.live_large},
            {"cached", heap.cached()},
            {"dirty", heap.dirty},
            {"committed", heap.committed},
            {"window_open", heap.is_open},
            {"threads", heap.threads},
            {"shards", heap.shards},
            {"purges", heap.events.purges},
            {"purged_bytes", heap.events.purged_bytes},
            {"growths", heap.events.growths},
            {"fallback_calls", heap.events.fallback_calls}};
}

Json locks(const HeapReading& heap) {
    Json object = Json::object();
    for (const observe::LockReading& lock : heap.locks) {
        object[lock.name] = {{"acquisitions", lock.counts.acquisitions},
                             {"contended", lock.counts.contended},
                             {"wait_ns", lock.counts.wait_ns},
                             {"wait_max_ns", lock.counts.wait_max_ns}};
    }
    return object;
}

Json classes(const HeapReading& heap, const HeapMemory& memory) {
    Json list = Json::array();
    for (std::size_t c = 1; c < heap.classes.size(); ++c) {
        const observe::ClassReading& row = heap.classes[c];
        const HeapMemory::OfClass& bytes = memory.classes[c];
        list.push_back({{"size", row.size},
                        {"live", row.live()},
                        {"cached", row.cached},
                        {"free", row.free()},
                        {"slabs", row.slabs},
                        {"free_present_bytes", bytes.free_present},
                        {"free_absent_bytes", bytes.free_absent},
                        {"refills", row.refills},
                        {"flushes", row.flushes},
                        {"remote_frees", row.remote_frees}});
    }
    return list;
}

Json to_json(const EarlierReading& before) {
    Json object{{"time", before.time}, {"rss", before.rss}, {"parts", before.parts}};
    object["live"] = before.live ? Json(*before.live) : Json(nullptr);
    return object;
}

} // namespace

void write_memory_json(std::ostream& out, const MemoryReport& report) {
    const Ledger& ledger = report.now.ledger;
    Json document{{"format", kFormat},
                  {"process", report.process},
                  {"name", report.now.status.name},
                  {"start_time", report.start_time},
                  {"time", report.time},
                  {"library", report.library},
                  {"version", report.version},
                  {"rss", ledger.rss},
                  {"rss_peak", report.now.status.rss_peak},
                  {"sum", ledger.sum()},
                  {"parts", parts(ledger)},
                  {"not_in_memory",
                   {{"live_untouched", ledger.live_absent},
                    {"free_in_slabs", ledger.free_absent},
                    {"free_clean", ledger.free_clean},
                    {"swap", ledger.swap}}},
                  {"threads", ledger.threads}};
    document["heap"] = report.now.heap ? heap(*report.now.heap) : Json(nullptr);
    document["classes"] =
        report.now.heap && report.now.memory ? classes(*report.now.heap, *report.now.memory) : Json::array();
    document["locks"] = report.now.heap ? locks(*report.now.heap) : Json::object();
    document["before"] = report.before ? to_json(*report.before) : Json(nullptr);
    document["refusal"] = report.refusal ? Json{{"cause", report.refusal->cause},
                                                {"what", report.refusal->what},
                                                {"remedy", report.refusal->remedy}}
                                         : Json(nullptr);
    document["verdict"] = {{"name", observe::verdict_name(report.judgement.verdict)},
                           {"sentence", report.judgement.sentence},
                           {"advice", report.judgement.advice}};
    document["note"] = report.note;
    // Names of processes and files may be invalid UTF-8, which must not make the output fail.
    out << document.dump(2, ' ', false, Json::error_handler_t::replace) << "\n";
}

EarlierReading read_memory_json(const std::string& text) {
    try {
        const Json document = Json::parse(text);
        if (document.at("format").get<std::string>() != kFormat) {
            throw std::invalid_argument("is of another format: " + document.at("format").get<std::string>());
        }
        EarlierReading reading{.process = document.at("process").get<pid_t>(),
                               .start_time = document.at("start_time").get<std::uint64_t>(),
                               .time = document.at("time").get<double>(),
                               .rss = document.at("rss").get<std::uint64_t>(),
                               .parts = document.at("parts").get<std::map<std::string, std::uint64_t>>(),
                               .live_blocks = {},
                               .live = std::nullopt};
        for (const Json& row : document.at("classes")) {
            reading.live_blocks[row.at("size").get<std::uint64_t>()] = row.at("live").get<std::uint64_t>();
        }
        if (const Json& heap = document.at("heap"); !heap.is_null()) {
            reading.live = heap.at("live").get<std::uint64_t>();
        }
        return reading;
    } catch (const Json::exception& error) {
        throw std::invalid_argument(std::string("is no output of `ashlar stats --json`: ") + error.what());
    }
}

EarlierReading earlier(const MemoryReport& report) {
    EarlierReading reading{.process = report.process,
                           .start_time = report.start_time,
                           .time = report.time,
                           .rss = report.now.ledger.rss,
                           .parts = {},
                           .live_blocks = {},
                           .live = std::nullopt};
    for (const observe::PartFacts& part : observe::kParts) {
        reading.parts[part.key] = report.now.ledger[part.part];
    }
    if (report.now.heap) {
        reading.live = report.now.heap->live();
        for (const observe::ClassReading& row : report.now.heap->classes) {
            reading.live_blocks[row.size] = row.live();
        }
    }
    return reading;
}

} // namespace ashlar::report
