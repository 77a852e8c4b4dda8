// SPDX-License-Identifier: MIT
#include "report/google_benchmark.h"

#include "statistics/ratio_of_medians.h"
#include "statistics/summary.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>

namespace ashlar::report {

namespace {

using Json = nlohmann::ordered_json;

// Keys of an entry that are no counters.
constexpr std::array kKnownKeys{"name",
                                "family_index",
                                "per_family_instance_index",
                                "run_name",
                                "run_type",
                                "repetitions",
                                "repetition_index",
                                "threads",
                                "iterations",
                                "real_time",
                                "cpu_time",
                                "time_unit",
                                "error_occurred",
                                "error_message",
                                "label",
                                "aggregate_name",
                                "aggregate_unit",
                                "skipped",
                                "skip_message"};

constexpr const char* kRealTime = "real_nanoseconds";
constexpr const char* kCpuTime = "cpu_nanoseconds";

std::string text_at(const Json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

double number_at(const Json& object, const char* key, const std::string& path) {
    const auto found = object.find(key);
    if (found == object.end() || !found->is_number()) {
        throw std::invalid_argument(fmt::format(
            "{}: the benchmark '{}' has no number '{}', so this is not what Google Benchmark writes", path,
            text_at(object, "name"), key));
    }
    return found->get<double>();
}

double nanoseconds_of(const std::string& unit, const std::string& path) {
    for (const auto& [name, factor] :
         {std::pair("ns", 1.0), std::pair("us", 1e3), std::pair("ms", 1e6), std::pair("s", 1e9)}) {
        if (unit == name) {
            return factor;
        }
    }
    throw std::invalid_argument(fmt::format("{}: no unit of time is called '{}'", path, unit));
}

// A repetition of a benchmark.
struct Repetition {
    std::string benchmark;
    std::pair<int, int> place{0, 0}; // position of the benchmark, because benchmarks may run in random order
    unsigned threads = 1;
    int index = 0;
    double iterations = 0;
    std::vector<std::pair<std::string, double>> figures; // key and value
    std::string failure;
};

bool is_known(const std::string& key) {
    return std::find(kKnownKeys.begin(), kKnownKeys.end(), key) != kKnownKeys.end();
}

Repetition read_repetition(const Json& entry, const std::string& path) {
    Repetition repetition;
    const std::string run_name = text_at(entry, "run_name");
    repetition.benchmark = run_name.empty() ? text_at(entry, "name") : run_name;
    repetition.threads = static_cast<unsigned>(entry.value("threads", 1));
    repetition.place = {entry.value("family_index", 0), entry.value("per_family_instance_index", 0)};
    repetition.index = entry.value("repetition_index", 0);
    if (entry.value("error_occurred", false)) {
        const std::string message = text_at(entry, "error_message");
        repetition.failure = message.empty() ? "failed" : message;
        return repetition;
    }
    const double unit = nanoseconds_of(text_at(entry, "time_unit"), path);
    repetition.iterations = entry.value("iterations", 0.0);
    repetition.figures = {{kRealTime, number_at(entry, "real_time", path) * unit},
                          {kCpuTime, number_at(entry, "cpu_time", path) * unit}};
    for (const auto& [key, value] : entry.items()) {
        if (value.is_number() && !is_known(key)) {
            repetition.figures.emplace_back(key, value.get<double>());
        }
    }
    return repetition;
}

std::vector<Repetition> read_repetitions(const NamedResult& result) {
    std::vector<Repetition> repetitions;
    bool any_aggregate = false;
    for (const Json& entry : result.json->at("benchmarks")) {
        if (!entry.is_object()) {
            throw std::invalid_argument(result.path + ": an entry of 'benchmarks' is no object");
        }
        if (text_at(entry, "run_type") == "aggregate") {
            any_aggregate = true;
            continue;
        }
        repetitions.push_back(read_repetition(entry, result.path));
    }
    std::stable_sort(repetitions.begin(), repetitions.end(),
                     [](const Repetition& one, const Repetition& other) { return one.place < other.place; });
    if (repetitions.empty()) {
        throw std::invalid_argument(
            result.path + (any_aggregate ? " has means only; run the benchmark without "
                                           "--benchmark_report_aggregates_only"
                                         : " has no benchmark in it; did --benchmark_filter leave any?"));
    }
    return repetitions;
}

std::string subject_name(const NamedResult& result) {
    if (!result.name.empty()) {
        return result.name;
    }
    const std::string named = text_at(result.json->at("context"), "allocator");
    return named.empty() ? std::filesystem::path(result.path).stem().string() : named;
}

// All files, the reference first.
class Gathered {
  public:
    explicit Gathered(const std::vector<NamedResult>& results) {
        for (const NamedResult& result : results) {
            files_.push_back(
                {.name = subject_name(result), .result = &result, .repetitions = read_repetitions(result)});
        }
        const auto system = std::find_if(files_.begin(), files_.end(), [](const File& file) {
            return file.name == "System" || file.name == "system";
        });
        if (system != files_.end()) {
            std::rotate(files_.begin(), system, system + 1);
        }
        check_names();
        collect_settings();
        collect_keys();
    }

    Findings findings() const {
        Findings findings;
        findings.paired = false;
        findings.settings = settings_;
        for (const File& file : files_) {
            findings.subjects.push_back(
                {.name = file.name, .slot = 0, .library = {}, .package = {}, .sha256 = {}});
            describe(file, findings);
        }
        give_slots(findings.subjects);
        findings.name = fmt::format("{} benchmark{} under {}", settings_.size(),
                                    settings_.size() == 1 ? "" : "s", names());
        findings.processors = processors();
        for (Setting& setting : findings.settings) {
            setting.oversubscribed = findings.processors > 0 && setting.threads > findings.processors;
        }
        for (const std::string& key : keys_) {
            findings.sheets.push_back(sheet(key));
        }
        for (std::size_t setting = 0; setting < findings.settings.size(); ++setting) {
            const Sheet& sheet = findings.sheets[findings.settings[setting].threads > 1 ? 0 : 1];
            findings.speed.push_back(speed_by(sheet, setting, findings.subjects.size()));
        }
        add_samples(findings);
        add_tallies(findings);
        return findings;
    }

  private:
    struct File {
        std::string name;
        const NamedResult* result;
        std::vector<Repetition> repetitions;
    };

    void check_names() const {
        std::set<std::string> seen;
        for (const File& file : files_) {
            if (!seen.insert(file.name).second) {
                throw std::invalid_argument(
                    fmt::format("two results are called '{}'; name them apart: first={} ...", file.name,
                                file.result->path));
            }
        }
    }

    void collect_settings() {
        std::set<std::string> seen;
        for (const File& file : files_) {
            for (const Repetition& repetition : file.repetitions) {
                if (seen.insert(repetition.benchmark).second) {
                    Setting setting;
                    setting.name = repetition.benchmark;
                    setting.group = repetition.benchmark.substr(0, repetition.benchmark.find('/'));
                    read_axes(setting);
                    setting.threads = repetition.threads;
                    settings_.push_back(std::move(setting));
                }
            }
        }
    }

    void collect_keys() {
        keys_ = {kRealTime, kCpuTime};
        for (const File& file : files_) {
            for (const Repetition& repetition : file.repetitions) {
                for (const auto& [key, value] : repetition.figures) {
                    if (std::find(keys_.begin(), keys_.end(), key) == keys_.end()) {
                        keys_.push_back(key);
                    }
                }
            }
        }
    }

    std::string names() const {
        std::string text;
        for (const File& file : files_) {
            text += (text.empty() ? "" : ", ") + file.name;
        }
        return text;
    }

    unsigned processors() const {
        const Json& context = files_.front().result->json->at("context");
        return context.contains("num_cpus") && context["num_cpus"].is_number()
                   ? context["num_cpus"].get<unsigned>()
                   : 0;
    }

    void describe(const File& file, Findings& findings) const {
        const Json& context = file.result->json->at("context");
        for (const auto& [key, value] : context.items()) {
            if (value.is_string() || value.is_number() || value.is_boolean()) {
                findings.provenance.emplace_back(fmt::format("{}: {}", file.name, key),
                                                 value.is_string() ? value.get<std::string>() : value.dump());
            }
        }
        if (findings.stand.empty()) {
            findings.stand = fmt::format("{} on {}", text_at(context, "date"), text_at(context, "host_name"));
        }
        if (text_at(context, "library_build_type") == "debug") {
            findings.remarks.push_back(file.name +
                                       ": Google Benchmark says that it was built without optimisation.");
        }
        if (context.value("cpu_scaling_enabled", false)) {
            findings.remarks.push_back(file.name + ": the frequency of the processor was free to change.");
        }
        for (const Repetition& repetition : file.repetitions) {
            if (!repetition.failure.empty()) {
                findings.failures.push_back(fmt::format("{} under {}, repetition {}: {}",
                                                        repetition.benchmark, file.name, repetition.index + 1,
                                                        repetition.failure));
            }
        }
    }

    std::vector<double> values(const File& file, const std::string& benchmark, const std::string& key) const {
        std::vector<double> found;
        for (const Repetition& repetition : file.repetitions) {
            if (repetition.benchmark != benchmark) {
                continue;
            }
            for (const auto& [name, value] : repetition.figures) {
                if (name == key) {
                    found.push_back(value);
                }
            }
        }
        return found;
    }

    Entry entry(const File& file, const std::string& benchmark, const Sheet& sheet,
                const std::vector<double>& reference) const {
        Entry entry;
        entry.values = values(file, benchmark, sheet.key);
        entry.failures = static_cast<int>(
            std::count_if(file.repetitions.begin(), file.repetitions.end(), [&](const Repetition& each) {
                return each.benchmark == benchmark && !each.failure.empty();
            }));
        if (entry.values.empty()) {
            return entry;
        }
        entry.value = Estimate{.median = statistics::median(entry.values),
                               .interval = statistics::median_interval(entry.values)};
        const double below = reference.empty() ? 0 : statistics::median(reference);
        if (&file != &files_.front() && below > 0) {
            entry.ratio =
                Estimate{.median = entry.value->median / below,
                         .interval = statistics::ratio_of_medians_interval(entry.values, reference)};
            entry.standing = standing_of(*entry.ratio, sheet.more_is_better);
        }
        return entry;
    }

    Sheet sheet(const std::string& key) const {
        Sheet sheet;
        sheet.key = key;
        sheet.is_speed = key == kRealTime || key == kCpuTime;
        sheet.title = key == kRealTime  ? "Real time of an iteration"
                      : key == kCpuTime ? "CPU time of an iteration"
                                        : key;
        sheet.short_title = key == kRealTime ? "Real time" : key == kCpuTime ? "CPU time" : key;
        sheet.more_is_better = key.ends_with("_per_second");
        sheet.is_central = sheet.is_speed;
        sheet.is_memory = key.find("rss") != std::string::npos;
        for (std::size_t setting = 0; setting < settings_.size(); ++setting) {
            const std::string& benchmark = settings_[setting].name;
            const std::vector<double> reference = values(files_.front(), benchmark, key);
            Line line{.setting = setting, .entries = {}, .control = std::nullopt};
            for (const File& file : files_) {
                line.entries.push_back(entry(file, benchmark, sheet, reference));
            }
            if (std::any_of(line.entries.begin(), line.entries.end(),
                            [](const Entry& each) { return each.value || each.failures > 0; })) {
                sheet.lines.push_back(std::move(line));
            }
        }
        choose_unit(sheet);
        return sheet;
    }

    // Chooses a unit in which most figures have one to three digits before the point.
    static void choose_unit(Sheet& sheet) {
        std::vector<double> medians;
        for (const Line& line : sheet.lines) {
            for (const Entry& entry : line.entries) {
                if (entry.value) {
                    medians.push_back(entry.value->median);
                }
            }
        }
        const double typical = medians.empty() ? 0 : statistics::median(medians);
        sheet.decimals = 2;
        sheet.unit = sheet.is_speed ? "ns" : "";
        for (const auto& [scale, time, count] :
             {std::tuple(1e9, "s", "billions"), std::tuple(1e6, "ms", "millions"),
              std::tuple(1e3, "µs", "thousands")}) {
            if (typical >= scale) {
                sheet.scale = scale;
                sheet.unit = sheet.is_speed ? time : count;
                return;
            }
        }
    }

    void add_samples(Findings& findings) const {
        findings.columns = {"result", "configuration", "group", "threads",
                            "size",   "allocator",     "round", "iterations"};
        findings.columns.insert(findings.columns.end(), keys_.begin(), keys_.end());
        findings.columns.emplace_back("failure");
        for (const File& file : files_) {
            for (const Repetition& repetition : file.repetitions) {
                const auto setting =
                    std::find_if(settings_.begin(), settings_.end(),
                                 [&](const Setting& each) { return each.name == repetition.benchmark; });
                Sample sample{{file.result->path, repetition.benchmark, setting->group,
                               std::to_string(repetition.threads), setting->size_words, file.name,
                               std::to_string(repetition.index + 1),
                               fmt::format("{}", repetition.iterations)}};
                for (const std::string& key : keys_) {
                    const auto figure = std::find_if(repetition.figures.begin(), repetition.figures.end(),
                                                     [&](const auto& each) { return each.first == key; });
                    sample.cells.push_back(
                        figure == repetition.figures.end() ? "" : fmt::format("{}", figure->second));
                }
                sample.cells.push_back(repetition.failure);
                findings.samples.push_back(std::move(sample));
            }
        }
    }

    std::vector<File> files_;
    std::vector<Setting> settings_;
    std::vector<std::string> keys_;
};

} // namespace

bool is_google_benchmark(const Json& json) {
    return json.is_object() && json.contains("context") && json["context"].is_object() &&
           json.contains("benchmarks") && json["benchmarks"].is_array();
}

Findings google_benchmark_findings(const std::vector<NamedResult>& results) {
    try {
        return Gathered(results).findings();
    } catch (const Json::exception& error) {
        throw std::invalid_argument(
            std::string("a result of Google Benchmark is not as its format has it: ") + error.what());
    }
}

} // namespace ashlar::report
