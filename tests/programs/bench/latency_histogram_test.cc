// SPDX-License-Identifier: MIT
#include "support/latency_histogram.h"

#include <catch2/catch.hpp>
#include <initializer_list>
#include <random>
#include <vector>

using bench::LatencyHistogram;

namespace {

LatencyHistogram of(std::initializer_list<std::uint64_t> values) {
    LatencyHistogram histogram{};
    for (const std::uint64_t value : values) {
        histogram.record(value);
    }
    return histogram;
}

} // namespace

TEST_CASE("latency histogram: buckets follow each other without a gap, 32 to a doubling") {
    std::size_t bucket = 0;
    std::uint64_t first = 0;
    while (first <= LatencyHistogram::kLargest) {
        const std::uint64_t last = LatencyHistogram::last_of(bucket);
        REQUIRE(LatencyHistogram::bucket_of(first) == bucket);
        REQUIRE(LatencyHistogram::bucket_of(last) == bucket);
        REQUIRE(last - first <= first / 32); // the largest excess of a percentile
        first = last + 1;
        ++bucket;
    }
    CHECK(bucket == 36 * 32);
    CHECK(LatencyHistogram::bucket_of(63) == 63);
    CHECK(LatencyHistogram::bucket_of(64) == 64);
    CHECK(LatencyHistogram::bucket_of(65) == 64);
    CHECK(LatencyHistogram::bucket_of(66) == 65);
    CHECK(LatencyHistogram::last_of(95) == 127);
    CHECK(LatencyHistogram::bucket_of(128) == 96);
}

TEST_CASE("latency histogram: percentiles of values that have buckets of their own") {
    LatencyHistogram histogram{};
    for (std::uint64_t value = 1; value <= 50; ++value) {
        histogram.record(value);
    }
    CHECK(histogram.count() == 50);
    CHECK(histogram.percentile(0) == 1);
    CHECK(histogram.percentile(200) == 1); // first of 50 values
    CHECK(histogram.percentile(201) == 2); // beyond the first
    CHECK(histogram.percentile(5000) == 25);
    CHECK(histogram.percentile(9000) == 45);
    CHECK(histogram.percentile(9900) == 50); // 49.5 values
    CHECK(histogram.percentile(10'000) == 50);
}

TEST_CASE("latency histogram: a wide bucket counts with its last value, but never beyond the largest") {
    CHECK(of({1000, 5000}).percentile(5000) == 1007); // the next bucket begins at 992 + 16
    CHECK(of({1000}).percentile(5000) == 1000);
    CHECK(of({1000, 5000}).percentile(10'000) == 5000);
    CHECK(of({1000, 5000}).largest() == 5000);
}

TEST_CASE("latency histogram: nothing, zero, and what is beyond the range") {
    CHECK(of({}).count() == 0);
    CHECK(of({}).percentile(9900) == 0);
    CHECK(of({}).largest() == 0);
    CHECK(of({0, 0, 7}).percentile(5000) == 0);
    const LatencyHistogram beyond = of({1, UINT64_MAX});
    CHECK(beyond.count() == 2);
    CHECK(beyond.largest() == UINT64_MAX);
    CHECK(beyond.percentile(10'000) == LatencyHistogram::kLargest);
}

TEST_CASE("latency histogram: the sum of two is the histogram of both") {
    LatencyHistogram sum = of({1, 2, 900});
    sum.add(of({3, 70'000}));
    const LatencyHistogram both = of({1, 2, 900, 3, 70'000});
    CHECK(sum.count() == both.count());
    CHECK(sum.largest() == both.largest());
    for (std::uint32_t each = 0; each <= 10'000; each += 500) {
        CHECK(sum.percentile(each) == both.percentile(each));
    }
}

// Compares with the sorted values, over seven powers of ten, like real latencies.
TEST_CASE("latency histogram: percentiles are never too small and at most a 32nd too large") {
    std::mt19937_64 generator(1);
    std::lognormal_distribution<double> distribution(7, 3);
    LatencyHistogram histogram{};
    std::vector<std::uint64_t> values(100'000);
    for (std::uint64_t& value : values) {
        value = static_cast<std::uint64_t>(distribution(generator));
        histogram.record(value);
    }
    std::sort(values.begin(), values.end());
    for (const std::uint32_t each : {100U, 1000U, 5000U, 9000U, 9900U, 9990U, 9999U, 10'000U}) {
        const std::uint64_t exact = values[values.size() * each / 10'000 - 1];
        CHECK(histogram.percentile(each) >= exact);
        CHECK(histogram.percentile(each) - exact <= exact / 32);
    }
}
