// SPDX-License-Identifier: MIT
#include "alarm/reference.h"

#include "alarm/significance.h"
#include "machine/files.h"
#include "machine/output_file.h"
#include "statistics/summary.h"

#include <algorithm>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <ostream>
#include <stdexcept>

namespace ashlar::alarm {

namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kFormat = "ashlar alarm reference";
constexpr const char* kHistoryFormat = "ashlar alarm history";
constexpr int kVersion = 1;
constexpr std::size_t kKeptRuns = 20; // of the history

Json json_of(const Recorded& recorded) {
    return {{"commit", recorded.commit},
            {"date", recorded.date},
            {"reason", recorded.reason},
            {"processor", recorded.processor},
            {"processors", recorded.processors},
            {"memory_kib", recorded.memory_kib},
            {"load", recorded.load},
            {"kernel", recorded.kernel},
            {"compiler", recorded.compiler},
            {"figures", recorded.figures}};
}

Recorded recorded_of(const Json& json) {
    return {.commit = json.at("commit"),
            .date = json.at("date"),
            .reason = json.at("reason"),
            .processor = json.at("processor"),
            .processors = json.at("processors"),
            .memory_kib = json.at("memory_kib"),
            .load = json.at("load"),
            .kernel = json.at("kernel"),
            .compiler = json.at("compiler"),
            .figures = json.at("figures").get<std::map<std::string, Figures>>()};
}

Json parse(const std::filesystem::path& file, const std::string& text, const char* format) {
    Json json = Json::parse(text, nullptr, false);
    if (json.is_discarded() || !json.is_object() || json.value("format", "") != format ||
        json.value("version", 0) != kVersion) {
        throw std::invalid_argument(
            fmt::format("{} is no file of the format '{}', version {}", file.string(), format, kVersion));
    }
    return json;
}

void write(const std::filesystem::path& file, const Json& json) {
    machine::OutputFile(file.string()).write([&](std::ostream& out) {
        out << json.dump(1, ' ', false, Json::error_handler_t::replace) << '\n';
    });
}

} // namespace

References read_references(const std::filesystem::path& file) {
    const auto text = machine::read_file(file);
    if (!text) {
        throw std::invalid_argument(fmt::format(
            "{} cannot be read; `ashlar alarm --update --anchor --why ...` writes it", file.string()));
    }
    const Json json = parse(file, *text, kFormat);
    try {
        return {.reference = recorded_of(json.at("reference")), .anchor = recorded_of(json.at("anchor"))};
    } catch (const Json::exception& error) {
        throw std::invalid_argument(fmt::format("{}: {}", file.string(), error.what()));
    }
}

void write_references(const std::filesystem::path& file, const References& references) {
    write(file, {{"format", kFormat},
                 {"version", kVersion},
                 {"reference", json_of(references.reference)},
                 {"anchor", json_of(references.anchor)}});
}

double History::noise_of(const std::string& processor, const std::string& benchmark) const {
    const auto machine = noise.find(processor);
    if (machine == noise.end()) {
        return 0;
    }
    const auto values = machine->second.find(benchmark);
    return values == machine->second.end() || values->second.empty() ? 0 : statistics::median(values->second);
}

std::map<std::string, double> History::spreads(const std::string& processor) const {
    std::map<std::string, double> result;
    if (const auto machine = noise.find(processor); machine != noise.end()) {
        for (const auto& [key, values] : machine->second) {
            if (const auto spread = usual_spread(values)) {
                result[key] = *spread;
            }
        }
    }
    return result;
}

History read_history(const std::filesystem::path& file) {
    const auto text = machine::read_file(file);
    if (!text) {
        return {};
    }
    const Json json = parse(file, *text, kHistoryFormat);
    try {
        History history{.noise = json.at("noise").get<decltype(History::noise)>(), .references = {}};
        for (const Json& each : json.at("references")) {
            history.references.push_back(
                {.commit = each.at("commit"),
                 .date = each.at("date"),
                 .reason = each.at("reason"),
                 .instructions = each.at("instructions").get<std::map<std::string, double>>()});
        }
        return history;
    } catch (const Json::exception& error) {
        throw std::invalid_argument(fmt::format("{}: {}", file.string(), error.what()));
    }
}

void write_history(const std::filesystem::path& file, const History& history) {
    History kept = history;
    for (auto& [processor, benchmarks] : kept.noise) {
        for (auto& [benchmark, values] : benchmarks) {
            values.erase(values.begin(),
                         values.end() - static_cast<std::ptrdiff_t>(std::min(values.size(), kKeptRuns)));
        }
    }
    Json references = Json::array();
    for (const PastReference& each : kept.references) {
        references.push_back({{"commit", each.commit},
                              {"date", each.date},
                              {"reason", each.reason},
                              {"instructions", each.instructions}});
    }
    write(file, {{"format", kHistoryFormat},
                 {"version", kVersion},
                 {"references", std::move(references)},
                 {"noise", kept.noise}});
}

} // namespace ashlar::alarm
