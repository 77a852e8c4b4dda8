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

TEST_CASE("alarm text: significant changes that their gates allow are listed") {
    alarm::Report result = report_of({Outcome::kPassed, Outcome::kPassed});
    CHECK_THAT(report::alarm_text(result, kContext, {}), Catch::Contains("varies by: no significant change"));
    result.findings[0].present = 2.06;
    result.findings[0].change = alarm::Change::kRegressed;
    result.findings[0].spread = 0.02;
    const std::string shown = report::alarm_text(result, kContext, {});
    CHECK_THAT(shown, Catch::Contains("varies by: regressed"));
    CHECK_THAT(shown, Catch::Contains("regressed, but within its gate: pairs<16>"));
    CHECK_THAT(shown, Catch::Contains("factor 1.030; it varies by 2.0 %"));
    CHECK(shown.starts_with("PASSED: "));
    std::ostringstream json;
    report::write_alarm_json(json, result, kContext);
    const auto parsed = nlohmann::json::parse(json.str());
    CHECK(parsed["change"] == "regressed");
    CHECK(parsed["findings"][0]["change"] == "regressed");
    CHECK(parsed["findings"][0]["usual_spread"] == 0.02);
    CHECK(parsed["findings"][1]["usual_spread"].is_null());
}

TEST_CASE("alarm text: what the reference does not have at all has no factor") {
    alarm::Report result = report_of({Outcome::kRegressed});
    result.findings[0].reference = 0;
    CHECK_THAT(report::alarm_text(result, kContext, {}), Catch::Contains("new"));
    result.findings[0].figure = alarm::kFailedRuns;
    CHECK_THAT(report::alarm_text(result, kContext, {}), Catch::Contains("failed"));
}

TEST_CASE("alarm text: the files have no benchmark of their own to run again") {
    alarm::Report result = report_of({Outcome::kRegressed});
    result.findings[0].benchmark = alarm::kLibraryFile;
    CHECK_THAT(report::alarm_text(result, kContext, {}), Catch::Contains("ashlar alarm --only start-up"));
}

TEST_CASE("alarm text: an anchor that cannot be compared with is said") {
    report::AlarmContext context = kContext;
    context.anchor = "Not judged against the anchor";
    CHECK_THAT(report::alarm_text(report_of({Outcome::kPassed}), context, {}),
               Catch::Contains("Not judged against the anchor"));
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
    CHECK_THAT(junit.str(), Catch::Contains("the reference is commit abc (first)"));
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
        .noise = {{"Processor <1>", {{"pairs, CPU", {0.02}}, {"never recorded", {}}}}},
        .references = {
            {.commit = "aaa", .date = "d1", .reason = "first", .instructions = {{"pairs", 100}, {"x", 10}}},
            {.commit = "bbb", .date = "d2", .reason = "a<b", .instructions = {{"pairs", 90}, {"x", 12}}}}};
    const std::string page = report::page::alarm_history(history);
    CHECK_THAT(page, Catch::Contains("a&lt;b"));
    CHECK_THAT(page, Catch::Contains("mixed: pairs -10.0 %, x +20.0 %"));
    CHECK_THAT(page, Catch::Contains("<svg"));
    CHECK_THAT(page, !Catch::Contains("a<b"));
    CHECK_THAT(page, Catch::Contains("<th scope=\"row\">pairs, CPU</th><td>Processor &lt;1&gt;</td><td>1</td>"
                                     "<td>2.0 %</td>"));
    CHECK_THAT(page, !Catch::Contains("never recorded"));
}
