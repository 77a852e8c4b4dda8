// SPDX-License-Identifier: MIT
#include "report/comparison_json.h"

#include "report/sample_fields.h"
#include "report/verdict.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <ostream>

namespace ashlar::report {

namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kSamples = "samples";

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
        const compare::Contender& contender = plan.contenders[index];
        list.push_back({
            {"name", contender.allocator.name},
            {"control", contender.is_control},
            {"preloaded", contender.allocator.is_preloaded()},
            {"environment", contender.allocator.environment},
            {"companion", contender.allocator.companion},
            {"library", identities[index].library},
            {"sha256", identities[index].sha256},
            {"package", identities[index].package},
        });
    }
    return list;
}

// Returns [[seconds, KiB], ...].
Json curve_json(const std::vector<measure::RssPoint>& points) {
    Json list = Json::array();
    for (const measure::RssPoint& point : points) {
        constexpr double kMicro = 1e6; // microseconds are precise enough
        list.push_back({std::round(point.seconds * kMicro) / kMicro, point.kib});
    }
    return list;
}

Json sample_json(const compare::Sample& sample) {
    Json json = Json::object();
    visit_sample(sample, [&](const char* name, const auto& value) { json[name] = value; });
    visit_figures(sample.figures, [&](const char* name, const std::optional<double>& value) {
        if (value) {
            json[name] = *value;
        }
    });
    if (sample.library_mapped) {
        json["library_mapped"] = *sample.library_mapped;
    }
    if (!sample.run.rss_over_time.empty()) {
        json["rss_over_time"] = curve_json(sample.run.rss_over_time);
    }
    if (!sample.failure.empty()) {
        json["failure"] = sample.failure;
        json["unserved"] = sample.unserved;
        json["errors"] = sample.errors;
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

// Uses the words of the text and the report.
Json verdict_json(const Verdict& verdict, const compare::Plan& plan) {
    Json allocators = Json::array();
    for (const AllocatorVerdict& on : verdict.allocators) {
        allocators.push_back({{"name", plan.contenders[on.contender].allocator.name},
                              {"speed", on.speed_words},
                              {"memory", on.memory_words}});
    }
    return {{"speed", verdict.speed},   {"memory", verdict.memory},   {"choice", verdict.choice},
            {"unseen", verdict.unseen}, {"caution", verdict.caution}, {"by_allocator", allocators}};
}

Json cell_json(const compare::Cell& cell) {
    Json json = {{"samples", cell.samples}, {"failures", cell.failures}};
    for (const compare::Metric metric : compare::kMetrics) {
        if (const auto& found = cell.of(metric)) {
            json[compare::facts(metric).key] = {{"median", found->median},
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
        control[compare::facts(metric).key] = ratio_json(row.control_of(metric));
    }
    return {{"by_contender", cells}, {"control", control}};
}

Json parameters_json(const compare::Assignment& parameters) {
    Json json = Json::object();
    for (const auto& [name, value] : parameters) {
        json[name] = value;
    }
    return json;
}

Json configurations_json(const compare::Experiment& experiment, const compare::Result& result,
                         unsigned processors) {
    const compare::Plan& plan = experiment.plan;
    Json list = Json::array();
    for (std::size_t index = 0; index < plan.configurations.size(); ++index) {
        const compare::Configuration& configuration = plan.configurations[index];
        Json json = {
            {"name", configuration.name},
            {"group", configuration.group},
            {"command", configuration.command},
            {"threads", configuration.threads},
            {"rounds", plan.rounds_of(configuration)},
            {"oversubscribed", configuration.threads > processors},
            {"prints_figures", configuration.prints == compare::Prints::kFigures},
            {"setup", configuration.setup},
            {"prepare", configuration.prepare},
            {"server", configuration.server},
            {"cleanup", configuration.cleanup},
            {"parameters", parameters_json(configuration.parameters)},
            {"ignored_failures",
             configuration.ignored.all ? Json("all") : Json(configuration.ignored.statuses)},
        };
        if (index < result.rows.size()) {
            json["result"] = row_json(result.rows[index]);
            json["verdict"] = verdict_json(verdict_on(experiment, result, index), plan);
        }
        if (configuration.operations) {
            json["operations"] = *configuration.operations;
        }
        if (configuration.time_limit) {
            json["time_limit_ms"] = configuration.time_limit->count();
        }
        if (configuration.seconds) {
            json["seconds"] = *configuration.seconds;
        }
        if (configuration.own_figure) {
            json["own_figure"] = {{"pattern", configuration.own_figure->pattern},
                                  {"less_is_better", configuration.own_figure->less_is_better},
                                  {"words", configuration.own_figure->words}};
        }
        if (!configuration.expected_line.empty()) {
            json["expected_line"] = configuration.expected_line;
        }
        list.push_back(std::move(json));
    }
    return list;
}

// Returns one sentence for each configuration.
Json verdicts_json(const compare::Experiment& experiment, const compare::Result& result) {
    Json verdicts = Json::object();
    for (std::size_t index = 0; index < result.rows.size(); ++index) {
        verdicts[experiment.plan.configurations[index].name] = verdict_on(experiment, result, index).choice;
    }
    return verdicts;
}

// Replaces invalid UTF-8, because a command may print any bytes.
std::string dumped(const Json& json, int indent = -1) {
    return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

} // namespace

Json comparison_json(const compare::Experiment& experiment, const compare::Result& result,
                     const Provenance& provenance) {
    const compare::Plan& plan = experiment.plan;
    return {
        {"format", kFormat},
        {"verdict", verdicts_json(experiment, result)},
        {"complete", experiment.complete},
        {"started", provenance.started},
        {"version", provenance.version},
        {"command_line", provenance.command_line},
        {"machine", machine_json(provenance.machine)},
        {"rounds", plan.rounds},
        {"warm_ups", plan.warm_ups},
        {"order_seed", plan.seed},
        {"time_limit_ms", plan.time_limit ? Json(plan.time_limit->count()) : Json(nullptr)},
        {"first_limit_ms", plan.first_limit.count()},
        {"stacks_folder", plan.stacks_folder.string()},
        {"follow_rss", plan.follow_rss},
        {"precondition_mib", plan.precondition_mib},
        {"one_after_another", plan.one_after_another},
        {"duet", plan.duet},
        {"system_preload", plan.system_preload},
        {"workload_seed", provenance.workload_seed},
        {"contenders", contenders_json(plan, provenance.identities)},
        {"configurations", configurations_json(experiment, result, provenance.machine.usable_processors)},
        {"remarks", experiment.remarks},
        {kSamples, samples_json(experiment)},
    };
}

// Indents for people, except for the samples, which have one line each.
void write_comparison_json(std::ostream& stream, const compare::Experiment& experiment,
                           const compare::Result& result, const Provenance& provenance) {
    const Json whole = comparison_json(experiment, result, provenance);
    stream << "{\n";
    for (const auto& [key, value] : whole.items()) {
        if (key != kSamples) {
            stream << Json(key).dump() << ": " << dumped(value, 1) << ",\n";
        }
    }
    stream << Json(kSamples).dump() << ": [";
    const char* separator = "\n";
    for (const Json& sample : whole[kSamples]) {
        stream << separator << dumped(sample);
        separator = ",\n";
    }
    stream << "\n]\n}\n";
}

} // namespace ashlar::report
