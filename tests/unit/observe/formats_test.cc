// SPDX-License-Identifier: MIT
//
// Formats known figures. tests/programs/preload/statistics_test.py parses real ones by other projects'
// parsers.
#include "observe/formats.h"
#include "observe/output.h"

#include <array>
#include <catch2/catch.hpp>
#include <cstring>
#include <string>
#include <string_view>

namespace {

using ashlar::observe::Format;
using ashlar::observe::Output;
using Catch::Matchers::Contains;
using Catch::Matchers::EndsWith;
using Catch::Matchers::StartsWith;

bool append(void* to, std::string_view text) {
    static_cast<std::string*>(to)->append(text);
    return true;
}

ashlar_class_statistics of_class(unsigned number) {
    if (number == 4) {
        return {.size = 64,
                .live = 500,
                .cached = 14,
                .free = 510,
                .slabs = 1,
                .slab_bytes = 65536,
                .refills = 20,
                .flushes = 3,
                .remote_frees = 7,
                .allocations = 900,
                .releases = 400};
    }
    if (number == 8) {
        return {.size = 128,
                .live = 1,
                .cached = 0,
                .free = 511,
                .slabs = 1,
                .slab_bytes = 65536,
                .refills = 1,
                .flushes = 0,
                .remote_frees = 0,
                .allocations = 0,
                .releases = 0};
    }
    ashlar_class_statistics unused{};
    unused.size = std::size_t{16} * number;
    return unused;
}

// Returns figures for the bins' lock only.
ashlar_lock_statistics of_lock(unsigned number) {
    ashlar_lock_statistics s{};
    if (std::string_view(ashlar::observe::lock_name(number)) == "bins")
        s = {.acquisitions = 100, .contended = 3, .wait_ns = 2'000'000'001, .wait_max_ns = 1'500};
    return s;
}

ashlar_statistics of_process() {
    ashlar_statistics s{};
    s.window = 1;
    s.allocated = 4;
    s.fallback = 9;
    s.fallback_only = 1;
    s.growth_blocked = 1;
    s.resident = 77;
    s.refill_ns = 12'003'000'456;
    s.fallback_calls = 8;
    s.break_ups = 4;
    return s;
}

std::string text(Format format, std::string_view prefix = {}, std::size_t room = 64) {
    std::string result;
    std::string buffer(room, '\0');
    Output output(buffer, append, &result);
    write(format, of_process(), of_class, output, prefix);
    REQUIRE(output.finish());
    return result;
}

std::string text_with_locks(Format format) {
    std::string result;
    std::array<char, 64> buffer{};
    Output output(buffer, append, &result);
    write(format, of_process(), of_class, output, "", of_lock);
    REQUIRE(output.finish());
    return result;
}

TEST_CASE("formats: locks are told of if they were counted") {
    CHECK_THAT(text_with_locks(Format::kText),
               EndsWith("\nlock bins acquisitions 100 contended 3 wait_ns 2000000001 wait_max_ns 1500\n"));
    CHECK_THAT(text_with_locks(Format::kJson),
               EndsWith("}],\n\"locks\":{\"bins\":{\"acquisitions\":100,\"contended\":3,"
                        "\"wait_ns\":2000000001,\"wait_max_ns\":1500}}}\n"));
    CHECK_THAT(text_with_locks(Format::kXml),
               Contains("<lock name=\"bins\" acquisitions=\"100\" contended=\"3\" wait_ns=\"2000000001\" "
                        "wait_max_ns=\"1500\"/>\n<system"));
    const std::string metrics = text_with_locks(Format::kPrometheus);
    CHECK_THAT(metrics, Contains("# TYPE ashlar_lock_acquisitions_total counter\n"
                                 "ashlar_lock_acquisitions_total{lock=\"bins\"} 100\n"));
    CHECK_THAT(metrics, Contains("\nashlar_lock_wait_seconds_total{lock=\"bins\"} 2.000000001\n"));
    CHECK_THAT(metrics, EndsWith("# TYPE ashlar_lock_wait_max_seconds gauge\n"
                                 "ashlar_lock_wait_max_seconds{lock=\"bins\"} 0.000001500\n"));
    for (const Format format : {Format::kText, Format::kXml, Format::kJson, Format::kPrometheus})
        CHECK_THAT(text(format), !Contains("acquisitions"));
}

TEST_CASE("formats: text has one figure a line, and one class") {
    const std::string lines = text(Format::kText, "ashlar: ");
    CHECK_THAT(lines, StartsWith("ashlar: window 1\nashlar: committed 0\n"));
    for (const char* const line : {"allocated 4", "fallback 9", "fallback_only 1", "growth_blocked 1",
                                   "resident 77", "refill_ns 12003000456", "fallback_calls 8"}) {
        CHECK_THAT(lines, Contains("\nashlar: " + std::string(line) + "\n"));
    }
    CHECK_THAT(
        lines,
        Contains("\nashlar: class size 64 live 500 cached 14 free 510 slabs 1 slab_bytes 65536 "
                 "refills 20 flushes 3 remote_frees 7 allocations 900 releases 400 utilisation 48%\n"));
    CHECK_THAT(lines, !Contains("size 16 "));
}

TEST_CASE("formats: JSON") {
    const std::string json = text(Format::kJson);
    CHECK_THAT(json, StartsWith(R"({"library":")"));
    CHECK_THAT(json, Contains(R"("process":{"window":1,"committed":0,)"));
    CHECK_THAT(json, Contains(R"(,"fallback_calls":8,"allocations":0,"releases":0,"break_ups":4},)"));
    CHECK_THAT(json,
               EndsWith(R"({"size":64,"live":500,"cached":14,"free":510,"slabs":1,"slab_bytes":65536,)"
                        R"("refills":20,"flushes":3,"remote_frees":7,"allocations":900,"releases":400},)"
                        "\n"
                        R"({"size":128,"live":1,"cached":0,"free":511,"slabs":1,"slab_bytes":65536,)"
                        R"("refills":1,"flushes":0,"remote_frees":0,"allocations":0,"releases":0}]})"
                        "\n"));
}

TEST_CASE("formats: Prometheus") {
    const std::string metrics = text(Format::kPrometheus);
    CHECK_THAT(metrics, StartsWith("# HELP ashlar_window_bytes addresses that blocks may have\n"
                                   "# TYPE ashlar_window_bytes gauge\nashlar_window_bytes 1\n"));
    CHECK_THAT(metrics,
               Contains("# TYPE ashlar_fallback_calls_total counter\nashlar_fallback_calls_total 8\n"));
    CHECK_THAT(metrics, Contains("\nashlar_refill_seconds_total 12.003000456\n"));
    CHECK_THAT(metrics, Contains("# TYPE ashlar_class_live gauge\nashlar_class_live{size=\"64\"} 500\n"
                                 "ashlar_class_live{size=\"128\"} 1\n# HELP"));
    CHECK_THAT(metrics, Contains("\nashlar_class_slab_bytes{size=\"64\"} 65536\n"));
}

TEST_CASE("formats: XML") {
    const std::string xml = text(Format::kXml);
    CHECK_THAT(xml, StartsWith("<malloc version=\"1\">\n<heap nr=\"0\">\n<class size=\"64\" live=\"500\" "));
    CHECK_THAT(xml, Contains("</heap>\n<system type=\"current\" size=\"9\"/>\n"));
    CHECK_THAT(xml, Contains("<system type=\"allocated\" size=\"13\"/>\n")); // the fallback's too
    CHECK_THAT(xml, EndsWith("</malloc>\n"));
}

TEST_CASE("formats: the text does not depend on the room of the buffer") {
    for (const Format format : {Format::kText, Format::kXml, Format::kJson, Format::kPrometheus}) {
        const std::string whole = text(format, "p ", 1U << 20);
        for (const std::size_t room : {1, 7, 256})
            CHECK(text(format, "p ", room) == whole);
    }
}

TEST_CASE("formats: the largest figures fit") {
    ashlar_statistics most{};
    std::memset(&most, 0xff, sizeof(most));
    std::string result;
    std::array<char, 64> buffer{};
    Output output(buffer, append, &result);
    write(Format::kText, most, of_class, output);
    CHECK(output.finish());
    CHECK_THAT(result, Contains("window 18446744073709551615\n"));
    CHECK_THAT(result, Contains("fallback_only 4294967295\n"));
}

TEST_CASE("formats: what cannot be written is told") {
    std::array<char, 64> buffer{};
    Output output(
        buffer, [](void*, std::string_view) { return false; }, nullptr);
    write(Format::kText, of_process(), of_class, output);
    CHECK_FALSE(output.finish());
}

TEST_CASE("formats: are chosen by the name of the file") {
    CHECK(ashlar::observe::format_for("/tmp/a.json") == Format::kJson);
    CHECK(ashlar::observe::format_for("heap.prom") == Format::kPrometheus);
    CHECK(ashlar::observe::format_for("heap.txt") == Format::kText);
    CHECK(ashlar::observe::format_for("") == Format::kText);
}

} // namespace
