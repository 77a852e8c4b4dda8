// SPDX-License-Identifier: MIT
#include "statistics/bootstrap.h"
#include "statistics/random_order.h"
#include "statistics/summary.h"

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

using namespace ashlar::statistics;

namespace {

double choose(int n, int k) {
    return std::exp(std::lgamma(n + 1) - std::lgamma(k + 1) - std::lgamma(n - k + 1));
}

// Computes the bootstrap distribution of a median exactly, for an odd number of values. The median of a draw
// is at most the k-th value if more than half of the draw is. The number of such values is binomial. The
// quantile is the smallest value whose cumulative probability reaches `probability`.
double exact_quantile(const std::vector<double>& sorted, double probability) {
    const int n = static_cast<int>(sorted.size());
    for (int k = 1; k < n; ++k) {
        const double share = static_cast<double>(k) / n;
        double cumulative = 0;
        for (int hits = (n + 1) / 2; hits <= n; ++hits) {
            cumulative += choose(n, hits) * std::pow(share, hits) * std::pow(1 - share, n - hits);
        }
        if (cumulative >= probability) {
            return sorted[static_cast<std::size_t>(k - 1)];
        }
    }
    return sorted.back();
}

} // namespace

TEST_CASE("bootstrap: agrees with the exact distribution of the median") {
    // Distances between values grow, so each value is unique. The neighbouring cumulative
    // probabilities are far enough from 2.5 % and 97.5 % for this number of draws.
    for (const int count : {9, 15, 31}) {
        std::vector<double> values;
        for (int index = 0; index < count; ++index) {
            values.push_back(1 + 0.01 * index * index);
        }
        const Interval drawn = median_interval(values, {.confidence = 0.95, .resamples = 40'000, .seed = 7});
        INFO(count << " values");
        CHECK(drawn.low == Approx(exact_quantile(values, 0.025)));
        CHECK(drawn.high == Approx(exact_quantile(values, 0.975)));
    }
}

TEST_CASE("bootstrap: one seed, one interval, in whatever order the values come") {
    std::vector<double> values{1.02, 0.97, 1.10, 1.01, 0.99, 1.05, 1.00, 0.98, 1.03};
    const Interval first = median_interval(values);
    const Interval second = median_interval(values);
    CHECK(first.low == second.low);
    CHECK(first.high == second.high);
    CHECK(first.contains(median(values)));
    std::reverse(values.begin(), values.end());
    CHECK(median_interval(values).low == Approx(first.low).margin(0.02));
}

TEST_CASE("bootstrap: more confidence is a wider interval, equal values have none") {
    const std::array<double, 11> values{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
    const Interval wide = median_interval(values, {.confidence = 0.99});
    const Interval narrow = median_interval(values, {.confidence = 0.5});
    CHECK(wide.half_width() > narrow.half_width());
    const std::array<double, 6> equal{2, 2, 2, 2, 2, 2};
    CHECK(median_interval(equal).half_width() == 0);
}

TEST_CASE("bootstrap: too few values say nothing") {
    const std::array<double, 4> values{2, 2.1, 2.2, 2.3};
    const Interval interval = median_interval(values);
    CHECK(interval.contains(1e9));
    CHECK(interval.contains(-1e9));
    CHECK(median_interval({}).contains(1e9));
}

TEST_CASE("bootstrap: the interval holds the true median about as often as it says") {
    std::mt19937_64 generator(11);
    const auto uniform = [&] { return static_cast<double>(generator() >> 11) * 0x1p-53; };
    int held = 0;
    constexpr int kTrials = 400;
    for (int trial = 0; trial < kTrials; ++trial) {
        std::array<double, 15> values{};
        for (double& value : values) {
            value = -std::log(1 - uniform()); // exponential, skewed like times of a noisy machine
        }
        const auto seed = static_cast<std::uint64_t>(trial);
        held += median_interval(values, {.confidence = 0.95, .resamples = 500, .seed = seed})
                    .contains(std::log(2));
    }
    CHECK(held >= kTrials * 91 / 100);
}

TEST_CASE("random order: every number once, another order each time, the same from the same seed") {
    std::mt19937_64 generator(3);
    const auto first = random_order(7, generator);
    const auto second = random_order(7, generator);
    auto sorted = first;
    std::sort(sorted.begin(), sorted.end());
    CHECK(sorted == std::vector<std::size_t>{0, 1, 2, 3, 4, 5, 6});
    CHECK(first != second);
    std::mt19937_64 again(3);
    CHECK(random_order(7, again) == first);
    CHECK(random_order(0, again).empty());
}

TEST_CASE("random order: each position is as likely for each number") {
    std::mt19937_64 generator(5);
    std::array<int, 4> first_places{};
    constexpr int kTrials = 8000;
    for (int trial = 0; trial < kTrials; ++trial) {
        ++first_places[random_order(4, generator).front()];
    }
    for (const int count : first_places) {
        CHECK(count == Approx(kTrials / 4).margin(200)); // more than five standard deviations
    }
}
