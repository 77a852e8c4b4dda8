// SPDX-License-Identifier: MIT
#include "report/page/profile_data.h"

#include "report/page/lock_sections.h"
#include "report/profile/exported.h"
#include "report/profile/used_frames.h"

#include <cmath>
#include <filesystem>
#include <fmt/format.h>
#include <map>
#include <nlohmann/json.hpp>

namespace ashlar::report::page {

namespace {

using namespace ashlar::profile;
using Json = nlohmann::ordered_json;
using Summaries = std::vector<Summary>;

Json described(const Frame& frame) {
    Json json{{"name", frame.function}, {"object", frame.object}};
    if (!frame.file.empty() && frame.line != 0) {
        json["place"] =
            fmt::format("{}:{}", std::filesystem::path(frame.file).filename().string(), frame.line);
    }
    return json;
}

struct Sides {
    double after = 0;
    double before = 0;
};

class Data {
  public:
    explicit Data(const ProfileContent& content) : content_(content), frames_(content.frames, described) {}

    std::string text() {
        Json views;
        for (const View view : kAllViews) {
            if (content_.summaries.empty() || !content_.summaries.front().shows(view)) {
                continue;
            }
            views[name_of(view)] = Json{{"sentence", sentence_of(content_.summaries.front(), view)},
                                        {"unit", unit_of(view)},
                                        {"stacks", stacks(view)},
                                        {"sites", sites_of(view)}};
        }
        Json data{{"compares", content_.before != nullptr}, {"views", std::move(views)}};
        if (content_.locks != nullptr && !content_.locks->empty()) {
            data["locks"] = lock_data(content_, frames_);
        }
        data["frames"] = std::move(frames_.list());
        // ASCII only, and without `<`, which could end the script for an HTML parser.
        std::string text = data.dump(-1, ' ', true, Json::error_handler_t::replace);
        for (std::size_t place = 0; (place = text.find('<', place)) != std::string::npos;) {
            text.replace(place, 1, "\\u003c");
        }
        return text;
    }

  private:
    Json stacks(View view) {
        std::map<std::vector<std::uint32_t>, Sides> all;
        for (const auto& stack : report::profile::exported(content_.summaries, view, content_.frames)) {
            all[stack.frames].after += stack.bytes;
        }
        if (content_.before != nullptr) {
            for (const auto& stack : report::profile::exported(*content_.before, view, content_.frames)) {
                all[stack.frames].before += stack.bytes;
            }
        }
        Json list = Json::array();
        for (const auto& [stack, sides] : all) {
            Json indexes = Json::array();
            for (const std::uint32_t frame : stack) {
                indexes.push_back(frames_.index_of(frame));
            }
            Json each{{"frames", std::move(indexes)}, {"bytes", std::round(sides.after)}};
            if (content_.before != nullptr) {
                each["before"] = std::round(sides.before);
            }
            list.push_back(std::move(each));
        }
        return list;
    }

    static std::vector<WeightedStack> all_stacks(const Summaries& summaries, View view) {
        std::vector<WeightedStack> all;
        for (const Summary& summary : summaries) {
            const auto& stacks = part_of_all(summary, view, summaries.size()).stacks;
            all.insert(all.end(), stacks.begin(), stacks.end());
        }
        return all;
    }

    Json sites_of(View view) {
        const auto after = all_stacks(content_.summaries, view);
        std::map<std::uint32_t, double> ages;
        for (const Site& site : ashlar::profile::sites(after, content_.frames, view)) {
            ages[site.frame] = site.median_age;
        }
        const auto before =
            content_.before == nullptr ? std::vector<WeightedStack>() : all_stacks(*content_.before, view);
        Json list = Json::array();
        for (const Difference& site : differences(before, after, content_.frames, view)) {
            const Figure& bytes = site.after.bytes;
            Json each{{"frame", frames_.index_of(site.frame)},
                      {"bytes", std::round(bytes.value)},
                      {"error", std::round(bytes.interval().high - bytes.value)},
                      {"blocks", std::round(site.after.blocks.value)}};
            each["age"] = ages.count(site.frame) != 0 ? Json(ages[site.frame]) : Json();
            if (content_.before != nullptr) {
                each["before"] = std::round(site.before.bytes.value);
            }
            list.push_back(std::move(each));
        }
        return list;
    }

    const ProfileContent& content_;
    profile::UsedFrames frames_;
};

} // namespace

std::string profile_data(const ProfileContent& content) {
    return Data(content).text();
}

} // namespace ashlar::report::page
