// SPDX-License-Identifier: MIT
#include "report/comparison_json.h"
#include "report/sample_fields.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace ashlar::report {

namespace {

using json = nlohmann::ordered_json;

// A JSON object and its place in the text, so that errors can name the place.
class Object {
  public:
    Object(const json& value, std::string place) : value_(value), place_(std::move(place)) {
        if (!value_.is_object()) {
            throw std::invalid_argument(fmt::format("{} is no object", place_));
        }
    }

    template <typename Value>
    void read(const char* name, Value& into) const {
        into = as<Value>(name, member(name));
    }

    // Leaves `into` empty if there is no such member, or if it is null.
    template <typename Value>
    void read(const char* name, std::optional<Value>& into) const {
        const auto found = value_.find(name);
        if (found != value_.end() && !found->is_null()) {
            into = as<Value>(name, *found);
        }
    }

    // Reads a member that results of earlier versions lack.
    std::string text_or_empty(const char* name) const {
        std::optional<std::string> text;
        read(name, text);
        return text.value_or("");
    }

    Object object(const char* name) const { return {member(name), place_of(name)}; }
    bool has(const char* name) const { return value_.contains(name); }
    bool has_text(const char* name) const { return has(name) && value_[name].is_string(); }

    template <typename Visit>
    void each(const char* name, const Visit& visit) const {
        const json& list = member(name);
        if (!list.is_array()) {
            throw std::invalid_argument(fmt::format("{} is no list", place_of(name)));
        }
        for (std::size_t index = 0; index < list.size(); ++index) {
            visit(list[index], fmt::format("{}[{}]", place_of(name), index));
        }
    }

    // Calls `visit` for each member of the object `name`, in its order.
    template <typename Visit>
    void each_text(const char* name, const Visit& visit) const {
        const Object below = object(name);
        for (const auto& [key, value] : below.value_.items()) {
            visit(key, below.as<std::string>(key.c_str(), value));
        }
    }

  private:
    std::string place_of(const char* name) const { return place_ + "." + name; }

    const json& member(const char* name) const {
        const auto found = value_.find(name);
        if (found == value_.end()) {
            throw std::invalid_argument(fmt::format("{} is missing", place_of(name)));
        }
        return *found;
    }

    template <typename Value>
    Value as(const char* name, const json& value) const {
        if constexpr (std::is_arithmetic_v<Value> && !std::is_same_v<Value, bool>) {
            const bool fits = std::is_floating_point_v<Value> ? value.is_number()
                              : std::is_unsigned_v<Value>     ? value.is_number_unsigned()
                                                              : value.is_number_integer();
            if (!fits) { // the library would silently convert -1 or 0.5
                throw std::invalid_argument(
                    fmt::format("{} is {}, which is no such number", place_of(name), value.dump()));
            }
        }
        try {
            return value.get<Value>();
        } catch (const json::exception&) {
            throw std::invalid_argument(
                fmt::format("{} is of the wrong kind: {}", place_of(name), value.dump().substr(0, 40)));
        }
    }

    const json& value_;
    std::string place_;
};

machine::Facts read_machine(const Object& object) {
    machine::Facts facts;
    object.read("processor", facts.processor);
    object.read("usable_processors", facts.usable_processors);
    object.read("memory_kib", facts.memory_kib);
    object.read("kernel", facts.kernel);
    object.read("transparent_huge_pages", facts.transparent_huge_pages);
    object.read("c_library", facts.c_library);
    object.read("system", facts.system_name);
    object.read("load_at_start", facts.load);
    return facts;
}

void read_contender(const Object& object, StoredComparison& stored) {
    compare::Contender contender;
    allocators::Identity identity;
    bool preloaded = false;
    object.read("name", contender.allocator.name);
    object.read("control", contender.is_control);
    object.read("preloaded", preloaded);
    object.read("environment", contender.allocator.environment);
    contender.allocator.companion = object.text_or_empty("companion");
    object.read("library", identity.library);
    object.read("sha256", identity.sha256);
    object.read("package", identity.package);
    if (preloaded) {
        contender.allocator.library = identity.library;
    }
    stored.experiment.plan.contenders.push_back(std::move(contender));
    stored.provenance.identities.push_back(std::move(identity));
}

// The value is "all" or a list. Results of earlier versions lack it.
compare::IgnoredFailures read_ignored(const Object& object) {
    constexpr const char* kKey = "ignored_failures";
    compare::IgnoredFailures ignored;
    if (object.has_text(kKey)) {
        ignored.all = true;
    } else {
        std::optional<std::vector<int>> statuses;
        object.read(kKey, statuses);
        ignored.statuses = statuses.value_or(std::vector<int>{});
    }
    return ignored;
}

// Results of earlier versions have only "prepare", which started a server.
void read_steps(const Object& object, compare::Configuration& configuration) {
    if (!object.has("server")) {
        configuration.server = object.text_or_empty("prepare");
        return;
    }
    object.read("setup", configuration.setup);
    object.read("prepare", configuration.prepare);
    object.read("server", configuration.server);
    object.read("cleanup", configuration.cleanup);
    object.each_text("parameters", [&](const std::string& name, const std::string& value) {
        configuration.parameters.emplace_back(name, value);
    });
}

compare::Configuration read_configuration(const Object& object) {
    compare::Configuration configuration;
    bool prints_figures = true;
    object.read("name", configuration.name);
    object.read("group", configuration.group);
    object.read("command", configuration.command);
    object.read("threads", configuration.threads);
    object.read("rounds", configuration.most_rounds);
    object.read("prints_figures", prints_figures);
    read_steps(object, configuration);
    configuration.ignored = read_ignored(object);
    object.read("operations", configuration.operations);
    object.read("seconds", configuration.seconds);
    std::optional<std::int64_t> limit;
    object.read("time_limit_ms", limit);
    if (limit) {
        configuration.time_limit = std::chrono::milliseconds(*limit);
    }
    configuration.prints = prints_figures ? compare::Prints::kFigures : compare::Prints::kAnything;
    if (object.has("own_figure")) {
        compare::OwnFigure figure;
        object.object("own_figure").read("pattern", figure.pattern);
        object.object("own_figure").read("less_is_better", figure.less_is_better);
        figure.words = object.object("own_figure").text_or_empty("words");
        configuration.own_figure = std::move(figure);
    }
    configuration.expected_line = object.text_or_empty("expected_line");
    return configuration;
}

std::vector<measure::RssPoint> read_curve(const json& list, const std::string& place) {
    std::vector<measure::RssPoint> points;
    for (const json& point : list) {
        if (!point.is_array() || point.size() != 2 || !point[0].is_number() ||
            !point[1].is_number_unsigned()) {
            throw std::invalid_argument(
                fmt::format("{}.rss_over_time holds {} where [seconds, KiB] should be", place, point.dump()));
        }
        points.push_back({.seconds = point[0].get<double>(), .kib = point[1].get<std::uint64_t>()});
    }
    return points;
}

compare::Sample read_sample(const json& value, const std::string& place, const compare::Plan& plan) {
    const Object object(value, place);
    compare::Sample sample;
    visit_sample(sample, [&](const char* name, auto& into) { object.read(name, into); });
    visit_figures(sample.figures, [&](const char* name, auto& into) { object.read(name, into); });
    object.read("library_mapped", sample.library_mapped);
    std::optional<std::string> failure;
    std::optional<bool> unserved;
    object.read("failure", failure);
    object.read("unserved", unserved);
    std::optional<std::string> errors;
    object.read("errors", errors);
    sample.errors = errors.value_or("");
    sample.failure = failure.value_or("");
    sample.unserved = unserved.value_or(false);
    if (sample.failure.empty()) {
        sample.run.ending = measure::Ending::kExited;
    }
    if (object.has("rss_over_time")) {
        sample.run.rss_over_time = read_curve(value["rss_over_time"], place);
    }
    if (sample.configuration >= plan.configurations.size() || sample.contender >= plan.contenders.size() ||
        sample.bout >= plan.contenders.size() || sample.round < compare::kWarmUp) {
        throw std::invalid_argument(
            fmt::format("{} is of a configuration, contender or round that there is not", place));
    }
    return sample;
}

compare::Plan read_plan(const Object& whole) {
    compare::Plan plan;
    std::optional<std::int64_t> time_limit;
    std::int64_t first_limit = 0;
    std::string stacks_folder;
    whole.read("rounds", plan.rounds);
    std::optional<int> warm_ups; // results of earlier versions lack it
    whole.read("warm_ups", warm_ups);
    plan.warm_ups = warm_ups.value_or(1);
    whole.read("order_seed", plan.seed);
    whole.read("time_limit_ms", time_limit);
    whole.read("first_limit_ms", first_limit);
    whole.read("stacks_folder", stacks_folder);
    whole.read("follow_rss", plan.follow_rss);
    std::optional<unsigned> precondition_mib;
    whole.read("precondition_mib", precondition_mib);
    plan.precondition_mib = precondition_mib.value_or(0);
    std::optional<bool> one_after_another;
    whole.read("one_after_another", one_after_another);
    plan.one_after_another = one_after_another.value_or(false);
    whole.read("duet", plan.duet);
    whole.read("system_preload", plan.system_preload);
    if (time_limit) {
        plan.time_limit = std::chrono::milliseconds(*time_limit);
    }
    plan.first_limit = std::chrono::milliseconds(first_limit);
    plan.stacks_folder = stacks_folder;
    whole.each("configurations", [&](const json& value, const std::string& place) {
        plan.configurations.push_back(read_configuration({value, place}));
    });
    return plan;
}

void check_format(const Object& whole) {
    std::string format;
    whole.read("format", format);
    if (format != kFormat) {
        throw std::invalid_argument(fmt::format(
            "its format is '{}', and this version of ashlar reads '{}' only: read it with the version "
            "that wrote it, or measure again",
            format, kFormat));
    }
}

} // namespace

StoredComparison read_comparison_json(std::istream& stream) {
    json text;
    try {
        text = json::parse(stream);
    } catch (const json::parse_error& error) {
        throw std::invalid_argument(fmt::format("it is no JSON, or cut off: {}", error.what()));
    }
    const Object whole(text, "the result");
    check_format(whole);
    StoredComparison stored;
    stored.experiment.plan = read_plan(whole);
    whole.each("contenders", [&](const json& value, const std::string& place) {
        read_contender({value, place}, stored);
    });
    if (stored.experiment.plan.contenders.empty()) {
        throw std::invalid_argument("it has no contenders");
    }
    whole.each("samples", [&](const json& value, const std::string& place) {
        stored.experiment.samples.push_back(read_sample(value, place, stored.experiment.plan));
    });
    whole.read("remarks", stored.experiment.remarks);
    whole.read("complete", stored.experiment.complete);
    whole.read("started", stored.provenance.started);
    whole.read("version", stored.provenance.version);
    whole.read("command_line", stored.provenance.command_line);
    whole.read("workload_seed", stored.provenance.workload_seed);
    stored.provenance.machine = read_machine(whole.object("machine"));
    return stored;
}

} // namespace ashlar::report
