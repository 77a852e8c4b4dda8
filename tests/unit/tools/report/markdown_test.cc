// SPDX-License-Identifier: MIT
#include "report/markdown.h"

#include <catch2/catch.hpp>

using namespace ashlar::report;

namespace {

Entry reference_entry(double median) {
    Entry entry;
    entry.value = Estimate{.median = median, .interval = {median, median}};
    return entry;
}

Entry entry(double median, Estimate ratio, Standing standing) {
    Entry result = reference_entry(median);
    result.ratio = ratio;
    result.standing = standing;
    return result;
}

// Two settings of one group. The allocator wins one and crashes in the other.
Findings small() {
    Findings findings;
    findings.name = "larson under System, a|b";
    findings.stand = "2026-01-01 00:00 UTC, a processor, 5 rounds";
    findings.provenance = {{"processor", "a <fast> one"}, {"kernel", "6 #1"}};
    findings.subjects = {
        {.name = "System", .library = "/libc.so.6", .package = "libc6 2.36", .sha256 = "00ff"},
        {.name = "a|b", .library = "/b.so", .package = "", .sha256 = "11ee"}};
    for (const char* const name : {"larson, 1 thread", "larson, 4 threads"}) {
        Setting setting;
        setting.name = name;
        setting.group = "larson";
        read_axes(setting);
        setting.oversubscribed = setting.threads > 2;
        findings.settings.push_back(setting);
    }
    Entry failed;
    failed.failures = 3;
    Sheet speed{.key = "operations_per_second",
                .title = "Operations per second",
                .short_title = "",
                .unit = "millions",
                .scale = 1e6,
                .decimals = 1,
                .more_is_better = true,
                .is_speed = true,
                .lines = {}};
    speed.lines.push_back(
        {.setting = 0,
         .entries = {reference_entry(50e6), entry(75e6, {1.5, {1.4, 1.625}}, Standing::kBetter)},
         .control = Estimate{1.01, {0.98, 1.04}}});
    speed.lines.push_back({.setting = 1,
                           .entries = {reference_entry(125e6), failed},
                           .control = Estimate{0.9, {0.8, 1.2}},
                           .noisy = true});
    findings.sheets.push_back(speed);
    findings.speed = {speed_by(speed, 0, 2), speed_by(speed, 1, 2)};
    add_tallies(findings);
    findings.failures = {"larson, 4 threads under a|b, round 1: killed by SIGSEGV"};
    return findings;
}

} // namespace

TEST_CASE("markdown: a whole report") {
    CHECK(markdown(small(), nullptr) == R"(# larson under System, a\|b

2026-01-01 00:00 UTC, a processor, 5 rounds

## Verdict

* **a\|b:** faster than System in 1 of 1, slower in 0, no measurable difference in 0.

## In short

In how many configurations each is faster than System or slower, in how many it needs less memory or more, and geometric means of its ratios to System. Speed is CPU time where one thread runs, throughput or real time where more do, and wall and CPU time together of a program that prints no figure. Alike means that no difference could be measured, or that two contradict each other.

|  | faster | slower | alike | speed | less memory | more | alike | peak RSS |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
| a\|b | 1 | 0 | 0 | 1.50× | 0 | 0 | 0 | – |

The tables have the median of the rounds, then its ratio to System with the 95 % interval; **bold** is better than System, *italic* worse, else no difference could be measured. A/A is System against itself.

## Operations per second, in millions; more is better

|  | System | a\|b | A/A |
| --- | ---: | ---: | ---: |
| larson, 1 thread | 50.0 | 75.0, **1.50× (1.40 to 1.62)** | 1.01× (0.98 to 1.04) |
| larson, 4 threads (noisy, oversubscribed) | 125 | failed | 0.90× (0.80 to 1.20) |
| larson, geometric mean |  |  |  |

## Runs that failed; they are in no figure

* larson, 4 threads under a\|b, round 1: killed by SIGSEGV

## Where this comes from

|  |  |
| --- | --- |
| processor | a &lt;fast> one |
| kernel | 6 \#1 |

|  | library | package | SHA-256 |
| --- | --- | --- | --- |
| System | /libc.so.6 | libc6 2.36 | 00ff |
| a\|b | /b.so |  | 11ee |
)");
}

TEST_CASE("markdown: an interrupted measurement is said to be one") {
    Findings findings = small();
    findings.complete = false;
    CHECK(markdown(findings, nullptr).find("Interrupted") != std::string::npos);
}

TEST_CASE("markdown: nothing from a result changes the structure") {
    CHECK(markdown_text("a|b\n# c") == "a\\|b \\# c");
    CHECK(markdown_text("<b>*x*") == "&lt;b>\\*x\\*");
    CHECK(markdown_text("[x](y) `z`") == "\\[x\\](y) \\`z\\`");
    CHECK(markdown_text("random_mixed, 64 B") == "random_mixed, 64 B");
}
