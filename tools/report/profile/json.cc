// SPDX-License-Identifier: MIT
#include "report/profile/json.h"

#include "report/profile/advice.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <ostream>

namespace ashlar::report::profile {

namespace {

using namespace ashlar::profile;
using Json = nlohmann::ordered_json;

constexpr int kFormatVersion = 1;

Json figure_json(const Figure& figure) {
    const statistics::Interval interval = figure.interval();
    return {{"value", figure.value}, {"low", interval.low}, {"high", interval.high}};
}

Json amount_json(const Amount& amount) {
    return {{"bytes", figure_json(amount.bytes)},
            {"blocks", figure_json(amount.blocks)},
            {"samples", amount.samples}};
}

Json frame_json(const Frame& frame) {
    Json json{{"function", frame.function}};
    if (!frame.file.empty()) {
        json["file"] = frame.file;
        json["line"] = frame.line;
    }
    if (!frame.object.empty()) {
        json["object"] = frame.object;
    }
    if (frame.inlined) {
        json["inlined"] = true;
    }
    return json;
}

Json view_json(const ViewSummary& view, const Frames& frames) {
    Json sites = Json::array();
    for (const Site& site : view.sites) {
        Json each = frame_json(frames[site.frame]);
        each.update(amount_json(site.amount));
        each["share"] = view.total.bytes.value > 0 ? site.amount.bytes.value / view.total.bytes.value : 0;
        each["median_age_seconds"] = site.median_age;
        Json stack = Json::array();
        for (const std::uint32_t frame : site.example) {
            stack.push_back(frame_json(frames[frame]));
        }
        each["stack"] = std::move(stack);
        sites.push_back(std::move(each));
    }
    Json json{{"total", amount_json(view.total)}, {"sites", std::move(sites)}};
    if (view.view == View::kLeaks) {
        json["suppressed"] = amount_json(view.suppressed);
    }
    return json;
}

Json ledger_json(const Recording& recording) {
    Json rows = Json::array();
    for (const CountsRow& row : recording.counts) {
        Json each{{"seconds", recording.seconds(row.time)}};
        for (std::size_t index = 0; index < row.values.size(); ++index) {
            each[recording.count_names[index]] = row.values[index];
        }
        rows.push_back(std::move(each));
    }
    return rows;
}

Json cache_json(const CacheFigures& cache) {
    Json json{{"seconds", cache.seconds},
              {"requests", figure_json(cache.requests)},
              {"requests_are_counted", cache.is_counted},
              {"refills", cache.refills},
              {"refill_seconds", nullptr},
              {"fallback_calls", cache.fallback_calls},
              {"fallback_rate", cache.fallback_rate()},
              {"hit_rate", nullptr}};
    if (cache.refill_seconds) {
        json["refill_seconds"] = *cache.refill_seconds;
    }
    if (const auto interval = cache.hit_interval()) {
        json["hit_rate"] = {{"value", *cache.hit_rate()}, {"low", interval->low}, {"high", interval->high}};
    }
    return json;
}

Json cpu_amount_json(const Amount& amount, const Amount& total) {
    return {{"microseconds", figure_json(amount.bytes)},
            {"samples", amount.samples},
            {"share", total.bytes.value > 0 ? amount.bytes.value / total.bytes.value : 0}};
}

Json cpu_sites_json(const Summary& summary, View view, const Frames& frames) {
    Json sites = Json::array();
    for (const Site& site : summary.at(view).sites) {
        Json each = frame_json(frames[site.frame]);
        if (frames[site.frame].line == 0) {
            each.erase("line");
        }
        each.update(cpu_amount_json(site.amount, summary.at(View::kCpu).total));
        if (view == View::kAllocationCpu) {
            const std::optional<Figure> calls = calls_at(summary, site.frame);
            const std::optional<double> time = time_of_call_at(summary, site);
            each["calls"] = calls ? figure_json(*calls) : Json();
            each["microseconds_per_call"] = time ? Json(*time) : Json();
        }
        Json stack = Json::array();
        for (const std::uint32_t frame : site.example) {
            stack.push_back(frame_json(frames[frame]));
        }
        each["stack"] = std::move(stack);
        sites.push_back(std::move(each));
    }
    return sites;
}

const char* name_of(profile_format::CpuState state) {
    switch (state) {
    case profile_format::CpuState::kSamples:
        return "samples";
    case profile_format::CpuState::kSignalInUse:
        return "signal in use";
    case profile_format::CpuState::kNoThread:
        return "no thread";
    }
    return "unknown";
}

Json cpu_json(const Summary& summary, const Frames& frames) {
    const CpuFigures& cpu = *summary.cpu;
    const Amount& all = summary.at(View::kCpu).total;
    Json operations = Json::array();
    for (const auto& [name, amount] : cpu.operations) {
        Json each{{"function", name}};
        each.update(cpu_amount_json(amount, all));
        operations.push_back(std::move(each));
    }
    return {{"unit", "microseconds"},
            {"used", cpu.used},
            {"sampled", cpu.sampled},
            {"period", cpu.period},
            {"lost_samples", cpu.lost},
            {"threads_without_samples", cpu.unwatched},
            {"state", name_of(cpu.state)},
            {"total", cpu_amount_json(all, all)},
            {"functions", cpu_sites_json(summary, View::kCpu, frames)},
            {"allocator",
             {{"total", cpu_amount_json(summary.at(View::kAllocationCpu).total, all)},
              {"operations", std::move(operations)},
              {"sites", cpu_sites_json(summary, View::kAllocationCpu, frames)}}}};
}

Json summary_json(const Summary& summary, const Frames& frames, std::uint64_t temporary_within) {
    const Recording& recording = summary.recording;
    Json views;
    for (const View view : kViews) {
        views[name_of(view)] = knows(recording, view) ? view_json(summary.at(view), frames) : Json();
    }
    Json threads = Json::array();
    for (const ThreadAmount& thread : summary.threads) {
        const ThreadName& name = recording.threads[thread.thread];
        Json each{{"number", name.number}, {"name", name.name}, {"tid", name.tid}};
        each["allocated"] = amount_json(thread.amount);
        threads.push_back(std::move(each));
    }
    Json sizes = Json::array();
    for (const SizeRange& range : summary.sizes) {
        Json each{{"up_to", range.largest}};
        each.update(amount_json(range.amount));
        sizes.push_back(std::move(each));
    }
    Json json{{"program", recording.program},
              {"pid", recording.pid},
              {"parent", recording.parent},
              {"started", static_cast<double>(recording.started_realtime) * 1e-9},
              {"seconds", summary.seconds},
              {"rate", recording.rate},
              {"longest_distance", recording.longest_distance},
              {"exited", recording.exited},
              {"replaced_by_exec", recording.ending == Ending::kReplaced},
              {"full", recording.state == profile_format::State::kFull},
              {"lost_samples", recording.lost},
              {"unfinished_records", recording.unfinished},
              {"damaged_places", recording.damaged},
              {"peak_seconds", summary.peak_seconds},
              {"frees", figure_json(summary.frees)},
              {"views", std::move(views)},
              {"threads", std::move(threads)},
              {"sizes", std::move(sizes)},
              {"ledger", ledger_json(recording)},
              {"advice", advice(summary, frames, temporary_within)},
              {"cut_short", cut_short(summary)},
              {"cautions", cautions(summary)}};
    if (summary.cache) {
        json["cache"] = cache_json(*summary.cache);
    }
    if (summary.cpu) {
        json["cpu"] = cpu_json(summary, frames);
    }
    if (!summary.has_memory) {
        for (const char* const part : {"peak_seconds", "frees", "views", "threads", "sizes", "advice"}) {
            json.erase(part);
        }
    }
    return json;
}

} // namespace

void write_json(std::ostream& out, const std::vector<Summary>& summaries, const Frames& frames,
                std::uint64_t temporary_within) {
    Json processes = Json::array();
    for (const Summary& summary : summaries) {
        processes.push_back(summary_json(summary, frames, temporary_within));
    }
    const Json file{{"format", "ashlar profile"},
                    {"version", kFormatVersion},
                    {"temporary_within", temporary_within},
                    {"processes", std::move(processes)}};
    out << file.dump(2, ' ', false, Json::error_handler_t::replace) << '\n';
}

} // namespace ashlar::report::profile
