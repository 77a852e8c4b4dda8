// SPDX-License-Identifier: MIT
#include "report/profile/speedscope_file.h"

#include <cmath>
#include <ostream>
#include <utility>

namespace ashlar::report::profile {

std::size_t SpeedscopeFile::add_frame(const std::array<std::string, 3>& key) {
    const auto [place, is_new] = indexes_.try_emplace(key, list_.size());
    if (is_new) {
        Json json{{"name", key[0]}};
        if (!key[1].empty()) json["file"] = key[1];
        list_.push_back(std::move(json));
    }
    return place->second;
}

std::size_t SpeedscopeFile::function(std::uint32_t frame) {
    const ashlar::profile::Frame& found = frames_[frame];
    return add_frame({found.function, found.file, found.object});
}

std::size_t SpeedscopeFile::named(const std::string& name) {
    return add_frame({name, "", ""});
}

void SpeedscopeFile::add(const std::string& name, const char* unit, const Stacks& stacks, bool is_active) {
    Json samples = Json::array();
    Json weights = Json::array();
    double total = 0;
    for (const auto& [functions, amount] : stacks) {
        const double weight = std::round(amount);
        samples.push_back(functions);
        weights.push_back(weight);
        total += weight;
    }
    active_ = is_active ? profiles_.size() : active_;
    profiles_.push_back({{"type", "sampled"},
                         {"name", name},
                         {"unit", unit},
                         {"startValue", 0},
                         {"endValue", total},
                         {"samples", std::move(samples)},
                         {"weights", std::move(weights)}});
}

void SpeedscopeFile::write(std::ostream& out) {
    const Json file{{"$schema", "https://www.speedscope.app/file-format-schema.json"},
                    {"exporter", "ashlar " ASHLAR_VERSION},
                    {"activeProfileIndex", active_},
                    {"shared", {{"frames", std::move(list_)}}},
                    {"profiles", std::move(profiles_)}};
    out << file.dump(-1, ' ', false, Json::error_handler_t::replace) << '\n';
}

} // namespace ashlar::report::profile
