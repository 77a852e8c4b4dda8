// SPDX-License-Identifier: MIT
#include "report/findings.h"

#include <catch2/catch.hpp>
#include <limits>

using namespace ashlar::report;

namespace {

Setting named(const std::string& name) {
    Setting setting;
    setting.name = name;
    read_axes(setting);
    return setting;
}

} // namespace

TEST_CASE("findings: threads and sizes are read from the names of the suite") {
    const Setting larson = named("larson, 2 threads");
    CHECK(larson.series == "larson");
    CHECK(larson.threads == 2);
    CHECK_FALSE(larson.size);
    CHECK(named("larson, 1 thread").threads == 1);
    const Setting mixed = named("random_mixed, 16-1024 B");
    CHECK(mixed.series == "random_mixed");
    CHECK(mixed.size == Approx(128));
    CHECK(mixed.size_words == "16-1024");
    const Setting both = named("hand_over, 64 B, 4 threads");
    CHECK(both.series == "hand_over");
    CHECK(both.size == Approx(64));
    CHECK(both.threads == 4);
}

TEST_CASE("findings: the same from the names of Google Benchmark") {
    const Setting plain = named("malloc_free/64/threads:4");
    CHECK(plain.series == "malloc_free");
    CHECK(plain.size == Approx(64));
    CHECK(plain.threads == 4);
    CHECK(named("malloc_free/size:512").size_words == "512");
    const Setting two = named("batch/64/1000/real_time");
    CHECK(two.size == Approx(64));
    CHECK(two.series == "batch/1000/real_time");
}

TEST_CASE("findings: what is no threads and no size stays in the name") {
    CHECK(named("long_run, 0.25 s, 2 threads").series == "long_run, 0.25 s");
    CHECK(named("python3 script.py").series == "python3 script.py");
    CHECK(named("8").series == "8");
    CHECK_FALSE(named("sort, many threads").size);
    CHECK(named("sort, many threads").series == "sort, many threads");
}

TEST_CASE("findings: a standing needs an interval, and one that leaves 1") {
    const double infinite = std::numeric_limits<double>::infinity();
    CHECK(standing_of({1.5, {1.2, 1.8}}, true) == Standing::kBetter);
    CHECK(standing_of({1.5, {1.2, 1.8}}, false) == Standing::kWorse);
    CHECK(standing_of({0.5, {0.4, 0.6}}, false) == Standing::kBetter);
    CHECK(standing_of({1.5, {0.9, 1.8}}, true) == Standing::kAlike);
    CHECK(standing_of({1.5, {-infinite, infinite}}, true) == Standing::kUnknown);
}
