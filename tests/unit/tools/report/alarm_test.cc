// SPDX-License-Identifier: MIT
#include "report/alarm.h"
#include "report/page/alarm_history.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <sstream>

using namespace ashlar;
using alarm::Finding;
using alarm::Gate;
using alarm::Outcome;

namespace {

alarm::Report report_of(std::initializer_list<Outcome> outcomes) {
    alarm::Report result;
    for (const Outcome outcome : outcomes) {
        result.findings.push_back({.benchmark = "pairs<16>",
                                   .gate = Gate::kTime,
                                   .figure = "CPU seconds an operation",
                                   .reference = 2,
                                   .present = outcome == Outcome::kRegressed ? 3.0 : 2.0,
                                   .outcome = outcome,
                                   .threshold = 0.05,
                                   .smallest_visible = 0.07,
                                   .detail = outcome == Outcome::kRegressed ? "grew: malloc" : "",
                                   .obstacle = outcome == Outcome::kNotJudged ? "load" : ""});
    }
    result.complete = true;
    return result;
}

const report::AlarmContext kContext{.reference = "commit abc (first)", .again = "ashlar alarm --only {}"};

std::string text(std::initializer_list<Outcome> outcomes) {
    return report::alarm_text(report_of(outcomes), kContext, {});
}

} // namespace

TEST_CASE("alarm text: the verdict comes first") {
    CHECK(text({Outcome::kPassed}).starts_with("PASSED: "));
    CHECK(text({Outcome::kPassed, Outcome::kImproved}).starts_with("IMPROVED: "));
    CHECK(text({Outcome::kPassed, Outcome::kNotJudged}).starts_with("NOT JUDGED: "));
    CHECK(text({Outcome::kRegressed, Outcome::kNotJudged}).starts_with("REGRESSION: "));
    CHECK(text({Outcome::kRegressed, Outcome::kImproved}).starts_with("MIXED: "));
}

TEST_CASE("alarm text: a regression has figure, reference, factor, commit and command") {
    const std::string failed = text({Outcome::kRegressed});
    for (const char* const part :
         {"pairs<16>", "CPU seconds an operation", "the reference has 2", "factor 1.500",
          "commit abc (first)", "ashlar alarm --only pairs<16>", "grew: malloc"}) {
        CHECK_THAT(failed, Catch::Contains(part));
    }
}

TEST_CASE("alarm text: what was not judged says why, and what was visible is said") {
    CHECK_THAT(text({Outcome::kNotJudged}), Catch::Contains("not judged: load"));
    CHECK_THAT(text({Outcome::kPassed}), Catch::Contains("time 7 %"));
    CHECK_THAT(text({Outcome::kNotJudged}), !Catch::Contains("stayed unseen"));
}

TEST_CASE("alarm JSON and JUnit hold each figure") {
    std::ostringstream json;
    report::write_alarm_json(json, report_of({Outcome::kRegressed, Outcome::kNotJudged}), kContext);
    const auto parsed = nlohmann::json::parse(json.str());
    CHECK(parsed["outcome"] == "regressed");
    REQUIRE(parsed["findings"].size() == 2);
    CHECK(parsed["findings"][1]["obstacle"] == "load");
    std::ostringstream junit;
    report::write_alarm_junit(junit, report_of({Outcome::kRegressed, Outcome::kNotJudged}), kContext);
    CHECK_THAT(junit.str(), Catch::Contains("tests=\"2\" failures=\"1\" skipped=\"1\""));
    CHECK_THAT(junit.str(), Catch::Contains("pairs&lt;16&gt;"));
}

TEST_CASE("alarm: what a new reference changes") {
    alarm::Recorded before;
    before.figures = {{"pairs", {{"instructions", 100}, {"refills", 3}}}};
    alarm::Recorded after = before;
    CHECK_THAT(report::reference_changes(before, after), Catch::Contains("no figure moved"));
    after.figures["pairs"]["instructions"] = 90;
    after.figures["batches"]["instructions"] = 7;
    const std::string changes = report::reference_changes(before, after);
    CHECK_THAT(changes, Catch::Contains("pairs, instructions: 100 -> 90"));
    CHECK_THAT(changes, Catch::Contains("batches, instructions: 7 (new)"));
    CHECK_THAT(changes, !Catch::Contains("refills"));
}

TEST_CASE("alarm history: a page names commits, reasons and changes, made safe") {
    const alarm::History history{
        .noise = {},
        .references = {
            {.commit = "aaa", .date = "d1", .reason = "first", .instructions = {{"pairs", 100}, {"x", 10}}},
            {.commit = "bbb", .date = "d2", .reason = "a<b", .instructions = {{"pairs", 90}, {"x", 12}}}}};
    const std::string page = report::page::alarm_history(history);
    CHECK_THAT(page, Catch::Contains("a&lt;b"));
    CHECK_THAT(page, Catch::Contains("mixed: pairs -10.0 %, x +20.0 %"));
    CHECK_THAT(page, Catch::Contains("<svg"));
    CHECK_THAT(page, !Catch::Contains("a<b"));
}
