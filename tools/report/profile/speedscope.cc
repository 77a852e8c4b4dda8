// SPDX-License-Identifier: MIT
#include "report/profile/exported.h"
#include "report/profile/formats.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <ostream>

namespace ashlar::report::profile {

namespace {

using namespace ashlar::profile;
using Json = nlohmann::ordered_json;

// A frame of the file is a function: speedscope would show each line that calls as a function of its own.
class Functions {
  public:
    explicit Functions(const Frames& frames) : frames_(frames) {}

    std::size_t index_of(std::uint32_t frame) {
        const Frame& found = frames_[frame];
        const auto [place, is_new] =
            indexes_.try_emplace({found.function, found.file, found.object}, list_.size());
        if (is_new) {
            Json json{{"name", found.function}};
            if (!found.file.empty()) json["file"] = found.file;
            list_.push_back(std::move(json));
        }
        return place->second;
    }
    Json& list() { return list_; }

  private:
    const Frames& frames_;
    std::map<std::array<std::string, 3>, std::size_t> indexes_;
    Json list_ = Json::array();
};

} // namespace

void write_speedscope(std::ostream& out, const Summaries& summaries, View first, Frames& frames) {
    Functions shared(frames);
    Json profiles = Json::array();
    std::size_t active = 0;
    const auto is_shown = [&](View view) {
        return std::any_of(summaries.begin(), summaries.end(),
                           [&](const Summary& each) { return is_of_cpu(view) ? each.shows(view) : each.has_memory; });
    };
    for (const View view : kAllViews) {
        if (!is_shown(view)) continue;
        // In an order that has stacks with the same callers beside each other.
        std::map<std::vector<std::size_t>, double> stacks;
        for (const ExportedStack& stack : exported(summaries, view, frames)) {
            std::vector<std::size_t> functions;
            for (const std::uint32_t frame : stack.frames) {
                functions.push_back(shared.index_of(frame));
            }
            stacks[functions] += stack.bytes;
        }
        Json samples = Json::array();
        Json weights = Json::array();
        double total = 0;
        for (const auto& [functions, bytes] : stacks) {
            const double weight = std::round(bytes);
            samples.push_back(functions);
            weights.push_back(weight);
            total += weight;
        }
        active = view == first ? profiles.size() : active;
        profiles.push_back({{"type", "sampled"},
                            {"name", view == View::kLifetime ? "lifetime (bytes × seconds)" : name_of(view)},
                            {"unit", view == View::kLifetime ? "none" : unit_of(view)},
                            {"startValue", 0},
                            {"endValue", total},
                            {"samples", std::move(samples)},
                            {"weights", std::move(weights)}});
    }
    const Json file{{"$schema", "https://www.speedscope.app/file-format-schema.json"},
                    {"exporter", "ashlar " ASHLAR_VERSION},
                    {"activeProfileIndex", active},
                    {"shared", {{"frames", std::move(shared.list())}}},
                    {"profiles", std::move(profiles)}};
    out << file.dump(-1, ' ', false, Json::error_handler_t::replace) << '\n';
}

} // namespace ashlar::report::profile
