// SPDX-License-Identifier: MIT
#include "profile/budget.h"
#include "profile/read_recording.h"
#include "profile_file.h"
#include "report/profile/budget.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <sstream>

using namespace ashlar::profile;
namespace report = ashlar::report::profile;
using Catch::Matchers::Contains;

TEST_CASE(
    "budget: each limit that is set is compared with what was used, and outgrown ones name their places") {
    ProfileFile file;
    file.stack(1, {0x10});
    file.stack(2, {0x20});
    file.free(2, file.allocate(1, 1, 5000));
    file.allocate(3, 2, 100);
    file.allocate(3, 2, 100);
    Frames frames;
    ashlar::symbols::Symbolizer symbolizer;
    const Summary summary = summarise(read_recording(file.write()), symbolizer, frames);
    CHECK(check(summary, {}).empty());

    const auto items = check(summary, {.peak = 5000, .live = 199, .allocations = 3, .leaks = 0});
    REQUIRE(items.size() == 4);
    CHECK(items[0].used == 5000);
    CHECK(items[0].outcome == Outcome::kKept); // exactly at the limit
    CHECK(items[1].used == 200);
    CHECK(items[1].outcome == Outcome::kOutgrown);
    CHECK(items[2].used == 3);
    CHECK(items[2].outcome == Outcome::kKept);
    CHECK(items[3].used == 2);
    CHECK(items[3].outcome == Outcome::kOutgrown);

    const std::vector<report::BudgetResult> results{{.summary = &summary, .items = items}};
    const std::string text = report::budget_text(results, {}, frames, 5, {});
    CHECK_THAT(text, Contains("subject (4711) outgrew its budget"));
    CHECK_THAT(text, Contains("leaks: never freed\n    2 blocks, 200 B: 0x20\n"));
    CHECK(text.find("0x10") == std::string::npos);

    std::ostringstream json;
    report::write_budget_json(json, results, {}, frames, 5);
    const auto parsed = nlohmann::json::parse(json.str());
    CHECK(parsed["processes"][0]["kept"] == false);
    CHECK(parsed["processes"][0]["items"][3]["sites"][0]["blocks"] == 2);

    std::ostringstream junit;
    report::write_budget_junit(junit, results, {}, frames, 5);
    CHECK_THAT(junit.str(), Contains("tests=\"4\" failures=\"2\""));
    CHECK_THAT(junit.str(),
               Contains("name=\"leaks\">\n    <failure message=\"2 blocks used, the limit is 0 blocks\">"));
}

// For example, a build starts hundreds of compilers.
TEST_CASE("budget: of many processes those that outgrew it are shown, and how many others there were") {
    ProfileFile file;
    file.stack(1, {0x10});
    file.allocate(1, 1, 5000);
    Frames frames;
    ashlar::symbols::Symbolizer symbolizer;
    const Summary summary = summarise(read_recording(file.write()), symbolizer, frames);
    std::vector<report::BudgetResult> results(7,
                                              {.summary = &summary, .items = check(summary, {.peak = 5000})});
    results.push_back({.summary = &summary, .items = check(summary, {.peak = 4000})});
    const std::string text = report::budget_text(results, {}, frames, 3, {});
    CHECK_THAT(text, Contains("4 other processes kept their budget\n"));
    CHECK_THAT(text, Contains("outgrew its budget"));
    std::size_t shown = 0;
    for (std::size_t at = text.find("subject (4711)"); at != std::string::npos;
         at = text.find("subject (4711)", at + 1)) {
        ++shown;
    }
    CHECK(shown == 4);
}

TEST_CASE("budget: what was not recorded to its end is not known to be kept") {
    ProfileFile file;
    file.stack(1, {0x10});
    file.allocate(1, 1, 5000);
    bool was_cut_short = false;
    SECTION("the file is full") {
        file.header().state = ashlar::profile_format::State::kFull;
    }
    SECTION("samples were lost") {
        file.header().lost = 1;
    }
    SECTION("the program was ended") {
        was_cut_short = true;
    }
    Frames frames;
    ashlar::symbols::Symbolizer symbolizer;
    const Summary summary = summarise(read_recording(file.write()), symbolizer, frames);
    const auto items = check(summary, {.peak = 5000, .allocations = 0, .leaks = 0}, was_cut_short);
    REQUIRE(items.size() == 3);
    CHECK(items[0].outcome == Outcome::kUnknown);
    CHECK(items[1].outcome == Outcome::kOutgrown); // the unknown part can only increase the amount
    CHECK(items[2].outcome == Outcome::kUnknown);

    const std::vector<report::BudgetResult> results{{.summary = &summary, .items = {items[0]}}};
    const std::string text = report::budget_text(results, {}, frames, 5, {});
    CHECK_THAT(text, Contains("subject (4711): not known"));
    CHECK(text.find("kept its budget") == std::string::npos);
    std::ostringstream json;
    report::write_budget_json(json, results, {}, frames, 5);
    CHECK(nlohmann::json::parse(json.str())["processes"][0]["kept"].is_null());
    std::ostringstream junit;
    report::write_budget_junit(junit, results, {}, frames, 5);
    CHECK_THAT(junit.str(), Contains("tests=\"1\" failures=\"0\" errors=\"1\"") && Contains("not known"));
}
