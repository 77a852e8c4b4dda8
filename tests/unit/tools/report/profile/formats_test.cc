// SPDX-License-Identifier: MIT
#include "../../profile/profile_file.h"
#include "profile/read_recording.h"
#include "report/page/profile_page.h"
#include "report/profile/formats.h"
#include "report/profile/json.h"
#include "report/profile/quantities.h"
#include "report/profile/text.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <sstream>

using namespace ashlar::profile;
namespace report = ashlar::report::profile;
using Catch::Matchers::Contains;
using Json = nlohmann::json;

namespace {

// A leak, a peak and temporary memory. Frames are addresses in a missing file.
struct Example {
    ProfileFile file;
    Frames frames;
    ashlar::symbols::Symbolizer symbolizer;
    std::vector<Summary> summaries;

    Example() {
        file.header().rate = 1024;
        file.map(0x1000, 0x9000, 0, "/nonexistent/lib<x>.so");
        file.thread(1, "main");
        file.stack(1, {0x1010, 0x1020});
        file.stack(2, {0x1011, 0x1020});
        file.allocate(0.5, 1, 1000, 2);
        file.free(1, file.allocate(0.7, 2, 4000));
        file.count_names({"live"});
        file.counts(1, {77});
        file.mark(2, ashlar::profile_format::Reason::kExit);
        add();
    }
    void add() { summaries.push_back(summarise(read_recording(file.write()), symbolizer, frames)); }
    template <class Writer>
    std::string written(Writer writer) {
        std::ostringstream out;
        writer(out);
        return out.str();
    }
};

} // namespace

TEST_CASE("profile: folded stacks") {
    Example example;
    CHECK(example.written([&](std::ostream& out) {
        report::write_folded(out, example.summaries, View::kPeak, example.frames);
    }) == "lib<x>.so+0x20;lib<x>.so+0x10 2000\nlib<x>.so+0x20;lib<x>.so+0x11 4000\n");
    CHECK(example.written([&](std::ostream& out) {
        report::write_folded_difference(out, example.summaries, {}, View::kLeaks, example.frames);
    }) == "lib<x>.so+0x20;lib<x>.so+0x10 2000 0\n");
    example.add(); // a second process
    CHECK_THAT(example.written([&](std::ostream& out) {
        report::write_folded(out, example.summaries, View::kLeaks, example.frames);
    }),
               Contains("subject (4711);lib<x>.so+0x20;lib<x>.so+0x10 4000\n"));
}

TEST_CASE("profile: speedscope's file has every view") {
    Example example;
    const Json file = Json::parse(example.written([&](std::ostream& out) {
        report::write_speedscope(out, example.summaries, View::kLeaks, example.frames);
    }));
    REQUIRE(file["profiles"].size() == kViews.size());
    const Json& leaks = file["profiles"][file["activeProfileIndex"].get<std::size_t>()];
    CHECK(leaks["name"] == "leaks");
    CHECK(leaks["unit"] == "bytes");
    CHECK(leaks["endValue"] == 2000);
    REQUIRE(leaks["samples"].size() == 1);
    CHECK(file["shared"]["frames"][leaks["samples"][0][1].get<std::size_t>()]["name"] == "lib<x>.so+0x10");
}

TEST_CASE("profile: heap_v2 has what was sampled, by address") {
    Example example;
    CHECK(example.written([&](std::ostream& out) {
        report::write_heap_v2(out, example.summaries[0].recording, View::kLeaks, {});
    }) == "heap_v2/1024\n  t*: 1: 1000 [0: 0]\n@ 0x1010 0x1020\n  t*: 1: 1000 [0: 0]\n\nMAPPED_LIBRARIES:\n"
          "00001000-00009000 r-xp 00000000 00:00 0 /nonexistent/lib<x>.so\n");
}

TEST_CASE("profile: JSON has views, sites and intervals") {
    Example example;
    const Json file = Json::parse(example.written(
        [&](std::ostream& out) { report::write_json(out, example.summaries, example.frames, kSoon); }));
    const Json& process = file["processes"].at(0);
    CHECK(process["program"] == "/usr/bin/subject");
    const Json& leaks = process["views"]["leaks"];
    CHECK(leaks["total"]["bytes"]["value"] == 2000);
    CHECK(leaks["total"]["bytes"]["high"] > 2000);
    CHECK(leaks["sites"][0]["function"] == "lib<x>.so+0x10");
    CHECK(leaks["sites"][0]["stack"].size() == 2);
    CHECK(process["ledger"][0]["live"] == 77);
    CHECK(process["exited"] == true);
}

TEST_CASE("profile: the text says the figures, the places and what to do") {
    Example example;
    report::ProfileTextSettings settings;
    settings.view = View::kLeaks;
    const std::string text = report::profile_text(example.summaries[0], example.frames, settings);
    CHECK_THAT(text, Contains("subject (process 4711), 2.00 s"));
    CHECK_THAT(text, Contains("A sample every 1.00 KiB on average"));
    CHECK_THAT(text, Contains("Where it was never freed"));
    CHECK_THAT(text, Contains("Too few blocks were sampled to tell"));
    CHECK_THAT(text, Contains("Only 2 blocks were sampled"));
    CHECK(text.find('\033') == std::string::npos);
    settings.text.colour = true;
    CHECK_THAT(report::profile_text(example.summaries[0], example.frames, settings), Contains("\033["));
}

TEST_CASE("profile: advice is given where figures are exact or of many samples, with their interval") {
    Example many;
    for (int block = 0; block < 100; ++block) {
        many.file.allocate(1, 1, 1000, 2);
    }
    const auto text_of = [](Example& example) {
        example.summaries.clear();
        example.add();
        return report::profile_text(example.summaries[0], example.frames, {.view = View::kLeaks});
    };
    CHECK_THAT(text_of(many), Contains("Leaks: 197 KiB ± 27"));
    ProfileFile file; // of whole blocks
    file.stack(1, {0x10});
    file.allocate(0.5, 1, 1000);
    Frames frames;
    ashlar::symbols::Symbolizer symbolizer;
    const auto leaks = [&] {
        const Summary summary = summarise(read_recording(file.write()), symbolizer, frames);
        return report::profile_text(summary, frames, {.view = View::kLeaks});
    };
    const std::string switched_off = leaks();
    CHECK_THAT(switched_off,
               Contains("Leaks: 1000 B were not freed while it was recorded. 0x10 has 100 % of it.\n"));
    CHECK_THAT(switched_off, !Contains("Free it"));
    file.mark(2, ashlar::profile_format::Reason::kExit);
    CHECK_THAT(leaks(), Contains("Leaks: 1000 B were never freed. 0x10 has 100 % of it. Free it"));
}

TEST_CASE("profile: the text says when the bound on cost left few samples") {
    ProfileFile file;
    file.header().rate = 1024;
    file.distance(10'240);
    file.stack(1, {0x10});
    for (int block = 0; block < 30; ++block) {
        file.allocate(1, 1, 1024, 10);
    }
    Frames frames;
    ashlar::symbols::Symbolizer symbolizer;
    const Summary summary = summarise(read_recording(file.write()), symbolizer, frames);
    CHECK_THAT(report::profile_text(summary, frames, {}),
               Contains("Samples came too fast: 30 were taken of some 300 that --rate would give. --cost 0"));
}

TEST_CASE("profile: the text says how far apart samples were if that changed") {
    Example example;
    example.file.distance(4096);
    example.file.allocate(1.5, 1, 1000, 4.6);
    example.summaries.clear();
    example.add();
    CHECK_THAT(report::profile_text(example.summaries[0], example.frames, {}),
               Contains("A sample every 1.00 KiB to 4.00 KiB on average"));
    const Json file = Json::parse(example.written(
        [&](std::ostream& out) { report::write_json(out, example.summaries, example.frames, kSoon); }));
    CHECK(file["processes"].at(0)["rate"] == 1024);
    CHECK(file["processes"].at(0)["longest_distance"] == 4096);
}

TEST_CASE("profile: an empty recording has a text and a page") {
    ProfileFile file;
    Frames frames;
    ashlar::symbols::Symbolizer symbolizer;
    std::vector<Summary> summaries;
    summaries.push_back(summarise(read_recording(file.write()), symbolizer, frames));
    CHECK_THAT(report::profile_text(summaries[0], frames, {}), Contains("Nothing was sampled"));
    CHECK_THAT(ashlar::report::page::profile_html({.summaries = summaries, .frames = frames}),
               Contains("</html>"));
}

TEST_CASE("profile: what is in a profile stays text in the page") {
    Example example;
    const std::string page =
        ashlar::report::page::profile_html({.summaries = example.summaries, .frames = example.frames});
    CHECK(page.find("lib<x>") == std::string::npos);
    CHECK_THAT(page, Contains("lib\\u003cx>.so+0x10"));
}

TEST_CASE("profile: of many processes the first have a line each, and the others one") {
    const Example example;
    const std::vector<Summary> summaries(12, example.summaries[0]);
    const std::string text = report::processes_text(summaries, {.top = 3});
    CHECK_THAT(text, Contains("And 9 others, which allocated "));
    CHECK(std::count(text.begin(), text.end(), '\n') <= 6); // with the header, and perhaps the common peak
    CHECK(report::processes_text(summaries, {.top = 12}).find("others") == std::string::npos);
}

TEST_CASE("profile: quantities have three digits") {
    CHECK(report::bytes_text(0.0) == "0 B");
    CHECK(report::bytes_text(1023.0) == "1023 B");
    CHECK(report::bytes_text(1023.9 * 1024) == "1.00 MiB");
    CHECK(report::bytes_text(64.25 * 1024 * 1024) == "64.2 MiB");
    CHECK(report::count_text(1234.0) == "1.23 k");
    CHECK(report::count_text(999'999.0) == "1.00 M");
    CHECK(report::seconds_text(0.0123) == "12.3 ms");
    CHECK(report::seconds_text(185) == "3 min 5 s");
    CHECK(report::percent_text(0.123) == "12.3 %");
    CHECK(report::bytes_text(Figure{.value = 2048, .variance = 273'000}) == "2.00 KiB ± 1.00");
    CHECK(report::bytes_text(Figure{.value = 2048, .variance = 0}) == "2.00 KiB");
}

TEST_CASE("profile: figures are called exact only if nothing is missing") {
    ProfileFile file;
    file.stack(1, {0x10});
    file.allocate(1, 1, 5000);
    const auto texts = [&] {
        Frames frames;
        ashlar::symbols::Symbolizer symbolizer;
        std::vector<Summary> summaries;
        summaries.push_back(summarise(read_recording(file.write()), symbolizer, frames));
        return report::profile_text(summaries[0], frames, {}) +
               ashlar::report::page::profile_html({.summaries = summaries, .frames = frames});
    };
    const std::string complete = texts();
    CHECK_THAT(complete, Contains("figures are exact.") && Contains("so figures are exact<"));
    SECTION("samples were lost") {
        file.header().lost = 3;
    }
    SECTION("the file is full") {
        file.header().state = ashlar::profile_format::State::kFull;
    }
    CHECK_THAT(texts(), !Contains("figures are exact") && Contains("figures are not exact"));
}

TEST_CASE("profile: what was live at a moment is not called the end's") {
    ProfileFile file;
    file.stack(1, {0x10});
    file.free(2, file.allocate(1, 1, 5000));
    file.mark(3, ashlar::profile_format::Reason::kExit);
    const auto text_at = [&](std::optional<double> moment) {
        Frames frames;
        ashlar::symbols::Symbolizer symbolizer;
        SummarySettings settings;
        settings.at = moment;
        const Summary summary = summarise(read_recording(file.write()), symbolizer, frames, settings);
        report::ProfileTextSettings shown;
        shown.view = View::kLive;
        return report::profile_text(summary, frames, shown);
    };
    CHECK_THAT(text_at(1.5), Contains("Where it was live after 1.5 s") && !Contains("the end"));
    CHECK_THAT(text_at({}), Contains("Where it was live at the end"));
    CHECK_THAT(text_at(9), Contains("Where it was live at the end")); // which came before
}

namespace {

struct CpuExample : Example {
    CpuExample() {
        file.map(0x50000, 0x51000, 0, "/nonexistent/libashlar.so");
        file.stack(3, {0x50010, 0x1010, 0x1020});
        for (int sample = 0; sample < 30; ++sample) {
            file.cpu(1 + sample * 0.01, 2, 5000);
            file.cpu(1 + sample * 0.01, 3, 2500, 1);
        }
        file.cpu_time(1.9, 230'000, 5000);
        summaries.clear();
        add();
    }
};

} // namespace

TEST_CASE("profile: CPU time is in every format, in microseconds") {
    CpuExample example;
    CHECK(example.written([&](std::ostream& out) {
        report::write_folded(out, example.summaries, View::kCpu, example.frames);
    }) == "lib<x>.so+0x20;lib<x>.so+0x10;libashlar.so+0x10 75000\nlib<x>.so+0x20;lib<x>.so+0x11 150000\n");
    const Json speedscope = Json::parse(example.written([&](std::ostream& out) {
        report::write_speedscope(out, example.summaries, View::kCpu, example.frames);
    }));
    REQUIRE(speedscope["profiles"].size() == kAllViews.size());
    const Json& shown = speedscope["profiles"][speedscope["activeProfileIndex"].get<std::size_t>()];
    CHECK(shown["name"] == "cpu");
    CHECK(shown["unit"] == "microseconds");
    CHECK(shown["endValue"] == 225'000);

    const Json file = Json::parse(example.written(
        [&](std::ostream& out) { report::write_json(out, example.summaries, example.frames, kSoon); }));
    const Json& cpu = file["processes"].at(0)["cpu"];
    CHECK(cpu["unit"] == "microseconds");
    CHECK(cpu["used"] == 230'000);
    CHECK(cpu["sampled"] == 225'000);
    CHECK(cpu["state"] == "samples");
    CHECK(cpu["functions"][0]["function"] == "lib<x>.so+0x11");
    CHECK(cpu["functions"][0]["share"].get<double>() == Approx(2.0 / 3));
    const Json& site = cpu["allocator"]["sites"][0];
    CHECK(site["function"] == "lib<x>.so+0x10");
    CHECK(site["microseconds"]["value"] == 75'000);
    CHECK(site["calls"]["value"] == 2);
    CHECK(site["microseconds_per_call"] == 37'500);
    CHECK(cpu["allocator"]["operations"][0]["function"] == "others");
}

TEST_CASE("profile: a recording without CPU time is written as before") {
    Example example;
    const Json file = Json::parse(example.written(
        [&](std::ostream& out) { report::write_json(out, example.summaries, example.frames, kSoon); }));
    CHECK(!file["processes"].at(0).contains("cpu"));
    const std::string text =
        report::profile_text(example.summaries[0], example.frames, {.view = View::kPeak});
    CHECK_THAT(text, !Contains("CPU"));
}

TEST_CASE("profile: the text tells hot functions and who called the allocator") {
    CpuExample example;
    const std::string text = report::profile_text(example.summaries[0], example.frames, {.view = View::kCpu});
    CHECK_THAT(text, Contains("CPU time: 230 000 µs used by all threads; 97.8 % of it is known"));
    CHECK_THAT(text, Contains("Allocator: 33.3 % of that, 75 000 ± "));
    CHECK_THAT(text, Contains("Hot functions"));
    CHECK(text.find("lib<x>.so+0x11 ") < text.find("libashlar.so+0x10 "));
    CHECK_THAT(text, Contains("Who called the allocator, by its CPU time"));
    CHECK_THAT(text, Contains("37.5 ms")); // of a call
    const std::string other =
        report::profile_text(example.summaries[0], example.frames, {.view = View::kPeak});
    CHECK_THAT(other, Contains("Allocator: 33.3 % of that"));
    CHECK_THAT(other, !Contains("Hot functions"));
    CHECK_THAT(other,
               Contains("Allocation: 33.3 % of the CPU time is the allocator's. lib<x>.so+0x10 has 100 %"));
}

TEST_CASE("profile: what keeps CPU time from being known is said") {
    using ashlar::profile_format::CpuState;
    Example example;
    example.file.cpu_time(1.9, 900'000, 0, CpuState::kSignalInUse);
    example.summaries.clear();
    example.add();
    CHECK_THAT(report::profile_text(example.summaries[0], example.frames, {.view = View::kCpu}),
               Contains("The program handles SIGURG itself"));
    Example short_threads;
    short_threads.file.cpu(1, 1, 5000);
    short_threads.file.cpu_time(1.9, 900'000, 5000);
    short_threads.summaries.clear();
    short_threads.add();
    CHECK_THAT(report::profile_text(short_threads.summaries[0], short_threads.frames, {.view = View::kPeak}),
               Contains("99.4 % of the CPU time has no samples"));
}

TEST_CASE("profile: microseconds are in groups of three digits and their interval is rounded") {
    CHECK(report::microseconds_text(0) == "0");
    CHECK(report::microseconds_text(999) == "999");
    CHECK(report::microseconds_text(1000) == "1 000");
    CHECK(report::microseconds_text(1234567) == "1 234 567");
    CHECK(report::microseconds_text(-1234) == "-1 234");
    CHECK(report::microseconds_text(Figure{.value = 100'000, .variance = 1e8}) == "100 000 ± 20 000");
    CHECK(report::microseconds_text(Figure{.value = 100'000}) == "100 000");
}

TEST_CASE("profile: the page has the views of CPU time where it was recorded") {
    CpuExample example;
    const std::string page = ashlar::report::page::profile_html(
        {.summaries = example.summaries, .frames = example.frames, .first = View::kCpu});
    CHECK_THAT(page, Contains("<option value=\"cpu\" selected>cpu</option>"));
    CHECK_THAT(page, Contains("<option value=\"allocation-cpu\">"));
    CHECK_THAT(page, Contains("\"unit\":\"microseconds\""));
    CHECK_THAT(page, Contains("Memory and CPU time of subject"));
    Example without;
    CHECK_THAT(
        (ashlar::report::page::profile_html({.summaries = without.summaries, .frames = without.frames})),
        !Contains("value=\"cpu\""));
}
