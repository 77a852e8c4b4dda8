// SPDX-License-Identifier: MIT
#include "report/comparison_json.h"

#include <nlohmann/json.hpp>
#include <ostream>

namespace ashlar::report {

namespace {

using Json = nlohmann::ordered_json;

Json machine_json(const machine::Facts& facts) {
    return {
        {"processor", facts.processor},
        {"usable_processors", facts.usable_processors},
        {"memory_kib", facts.memory_kib},
        {"kernel", facts.kernel},
        {"transparent_huge_pages", facts.transparent_huge_pages},
        {"c_library", facts.c_library},
        {"system", facts.system_name},
        {"load_at_start", facts.load},
    };
}

Json contenders_json(const compare::Plan& plan, const std::vector<allocators::Identity>& identities) {
    Json list = Json::array();
    for (std::size_t index = 0; index < plan.contenders.size(); ++index) {
        list.push_back({
            {"name", plan.contenders[index].allocator.name},
            {"control", plan.contenders[index].is_control},
            {"preloaded", !plan.contenders[index].allocator.is_system()},
            {"library", identities[index].library},
            {"sha256", identities[index].sha256},
            {"package", identities[index].package},
        });
    }
    return list;
}

Json sample_json(const compare::Sample& sample) {
    const measure::Usage& usage = sample.run.usage;
    Json json = {
        {"configuration", sample.configuration},
        {"contender", sample.contender},
        {"round", sample.round},
        {"position", sample.position},
        {"wall_seconds", usage.wall_seconds},
        {"user_seconds", usage.user_seconds},
        {"system_seconds", usage.system_seconds},
        {"peak_rss_kib", usage.peak_rss_kib},
        {"minor_faults", usage.minor_faults},
        {"major_faults", usage.major_faults},
        {"voluntary_switches", usage.voluntary_switches},
        {"involuntary_switches", usage.involuntary_switches},
        {"stolen_seconds", usage.stolen_seconds},
    };
    const compare::Figures& figures = sample.figures;
    for (const auto& [name, figure] :
         {std::pair("throughput", figures.throughput), std::pair("rss_per_live", figures.rss_per_live),
          std::pair("throughput_drift_percent", figures.throughput_drift),
          std::pair("rss_drift_percent", figures.rss_drift)}) {
        if (figure) {
            json[name] = *figure;
        }
    }
    if (sample.run.preload_mapped) {
        json["library_mapped"] = *sample.run.preload_mapped;
    }
    if (!sample.failure.empty()) {
        json["failure"] = sample.failure;
    }
    return json;
}

Json samples_json(const compare::Experiment& experiment) {
    Json list = Json::array();
    for (const compare::Sample& sample : experiment.samples) {
        list.push_back(sample_json(sample));
    }
    return list;
}

Json ratio_json(const std::optional<compare::Ratio>& ratio) {
    if (!ratio) {
        return nullptr;
    }
    return {{"median", ratio->median}, {"low", ratio->interval.low}, {"high", ratio->interval.high}};
}

const char* name_of(compare::Metric metric) {
    switch (metric) {
    case compare::Metric::kThroughput:
        return "operations_per_second";
    case compare::Metric::kCpuPerOperation:
        return "cpu_nanoseconds_per_operation";
    case compare::Metric::kPeakRss:
        return "peak_rss_kib";
    case compare::Metric::kRssPerLive:
        return "rss_per_live";
    case compare::Metric::kThroughputKept:
        return "throughput_kept";
    case compare::Metric::kRssKept:
        return "rss_kept";
    }
    return "";
}

Json cell_json(const compare::Cell& cell) {
    Json json = {{"samples", cell.samples}, {"failures", cell.failures}};
    for (const compare::Metric metric : compare::kMetrics) {
        if (const auto& found = cell.of(metric)) {
            json[name_of(metric)] = {{"median", found->median},
                                     {"low", found->interval.low},
                                     {"high", found->interval.high},
                                     {"to_system", ratio_json(found->to_system)}};
        }
    }
    return json;
}

Json row_json(const compare::Row& row) {
    Json cells = Json::array();
    for (const compare::Cell& cell : row.cells) {
        cells.push_back(cell_json(cell));
    }
    Json control = Json::object();
    for (const compare::Metric metric : compare::kMetrics) {
        control[name_of(metric)] = ratio_json(row.control_of(metric));
    }
    return {{"by_contender", cells}, {"control", control}};
}

Json configurations_json(const compare::Plan& plan, const compare::Result& result, unsigned processors) {
    Json list = Json::array();
    for (std::size_t index = 0; index < plan.configurations.size(); ++index) {
        const compare::Configuration& configuration = plan.configurations[index];
        list.push_back({
            {"name", configuration.name},
            {"group", configuration.group},
            {"command", configuration.command},
            {"threads", configuration.threads},
            {"rounds", plan.rounds_of(configuration)},
            {"oversubscribed", configuration.threads > processors},
            {"result", row_json(result.rows[index])},
        });
    }
    return list;
}

} // namespace

Json comparison_json(const compare::Experiment& experiment, const compare::Result& result,
                     const Provenance& provenance) {
    const compare::Plan& plan = experiment.plan;
    return {
        {"format", kFormat},
        {"complete", experiment.complete},
        {"started", provenance.started},
        {"version", provenance.version},
        {"command_line", provenance.command_line},
        {"machine", machine_json(provenance.machine)},
        {"rounds", plan.rounds},
        {"order_seed", plan.seed},
        {"workload_seed", provenance.workload_seed},
        {"contenders", contenders_json(plan, provenance.identities)},
        {"configurations", configurations_json(plan, result, provenance.machine.usable_processors)},
        {"remarks", experiment.remarks},
        {"samples", samples_json(experiment)}, // round 0 is the warm-up
    };
}

void write_comparison_json(std::ostream& stream, const compare::Experiment& experiment,
                           const compare::Result& result, const Provenance& provenance) {
    stream << comparison_json(experiment, result, provenance).dump(1) << '\n';
}

} // namespace ashlar::report
