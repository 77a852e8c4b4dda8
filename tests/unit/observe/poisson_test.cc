// SPDX-License-Identifier: MIT
#include "observe/poisson.h"

#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace {

using ashlar::observe::Gaps;
using ashlar::observe::Weight;
using ashlar::observe::weight_of;

constexpr std::size_t kRate = std::size_t{512} << 10;

double probability(std::size_t size, std::size_t rate) {
    return -std::expm1(-static_cast<double>(size) / static_cast<double>(rate));
}

// Returns a program's requests: sizes of every kind, in a fixed order.
std::vector<std::size_t> requests() {
    constexpr std::array<std::size_t, 8> kSizes{16, 48, 100, 1000, 5000, 40000, 300000, 2000000};
    constexpr std::array<std::size_t, 8> kCounts{400000, 200000, 100000, 40000, 8000, 1000, 100, 10};
    std::vector<std::size_t> sizes;
    for (std::size_t kind = 0; kind < kSizes.size(); ++kind)
        sizes.insert(sizes.end(), kCounts[kind], kSizes[kind]);
    std::uint64_t state = 1;
    for (std::size_t i = sizes.size(); i > 1; --i) {
        state = state * 6364136223846793005U + 1442695040888963407U;
        std::swap(sizes[i - 1], sizes[(state >> 33) % i]);
    }
    return sizes;
}

struct Estimate {
    double bytes = 0;
    double blocks = 0;
};

// Samples as threads do: a request in which the gap ends is a sample, and the next gap begins behind it.
Estimate sample(const std::vector<std::size_t>& sizes, std::size_t rate, std::uint64_t seed) {
    Gaps gaps;
    gaps.seed(seed);
    Estimate estimate;
    std::size_t allowed = gaps.next(rate);
    for (const std::size_t size : sizes) {
        if (size <= allowed) {
            allowed -= size;
            continue;
        }
        const Weight weight = weight_of(size, rate);
        estimate.bytes += static_cast<double>(weight.bytes);
        estimate.blocks += static_cast<double>(weight.blocks) / 1024;
        allowed = gaps.next(rate);
    }
    return estimate;
}

TEST_CASE("poisson: a sample stands for one over the chance to be one") {
    for (double share = 1e-5; share < 100; share *= 1.07) {
        const auto size = static_cast<std::size_t>(share * static_cast<double>(kRate)) + 1;
        const Weight weight = weight_of(size, kRate);
        const double p = probability(size, kRate);
        CAPTURE(size);
        REQUIRE(static_cast<double>(weight.bytes) * p == Approx(size).epsilon(1e-6));
        REQUIRE(std::fabs(static_cast<double>(weight.blocks) - 1024 / p) < 0.6);
    }
    REQUIRE(weight_of(1 << 30, 1).bytes == 1 << 30); // certain
}

TEST_CASE("poisson: with a rate of 1 every request is one sample that stands for itself") {
    for (const std::size_t size : {0, 1, 2, 7, 16, 100'000}) {
        const Weight weight = weight_of(size, 1);
        REQUIRE(weight.bytes == size);
        REQUIRE(weight.blocks == 1024);
    }
}

TEST_CASE("poisson: points in a sample are as many as its bytes hold in the mean") {
    Gaps gaps;
    gaps.seed(1);
    constexpr int kSamples = 200'000;
    // Each sample has one point, plus on average one per kRate bytes of its remaining length.
    const std::size_t more = GENERATE(std::size_t{16}, kRate / 4, kRate, 40 * kRate, 1000 * kRate);
    CAPTURE(more);
    double sum = 0;
    for (int i = 0; i < kSamples; ++i)
        sum += static_cast<double>(gaps.points(100 + more, 100, kRate));
    const double mean = static_cast<double>(more) / static_cast<double>(kRate);
    REQUIRE(std::fabs(sum / kSamples - 1 - mean) < 4 * std::sqrt(mean / kSamples) + 1e-9);
}

TEST_CASE("poisson: gaps have the mean, the spread and the median of an exponential distribution") {
    constexpr int kGaps = 1'000'000;
    Gaps gaps;
    gaps.seed(1);
    double sum = 0;
    double squares = 0;
    int below_median = 0;
    for (int i = 0; i < kGaps; ++i) {
        const double gap = static_cast<double>(gaps.next(kRate)) / static_cast<double>(kRate);
        sum += gap;
        squares += gap * gap;
        below_median += gap < std::log(2.0) ? 1 : 0;
    }
    REQUIRE(sum / kGaps == Approx(1).margin(0.004)); // four standard errors
    REQUIRE(squares / kGaps == Approx(2).margin(0.02));
    REQUIRE(below_median / double{kGaps} == Approx(0.5).margin(0.002));
}

TEST_CASE("poisson: estimates are unbiased, and as far off as theory says") {
    const std::vector<std::size_t> sizes = requests();
    const std::size_t rate = GENERATE(std::size_t{512} << 10, std::size_t{16} << 10);
    double bytes = 0;
    double variance_of_bytes = 0;
    double variance_of_blocks = 0;
    for (const std::size_t size : sizes) {
        const double p = probability(size, rate);
        const auto n = static_cast<double>(size);
        bytes += n;
        variance_of_bytes += n * n * (1 - p) / p;
        variance_of_blocks += (1 - p) / p;
    }
    const auto blocks = static_cast<double>(sizes.size());
    constexpr int kSeeds = 100;
    int good_bytes = 0;
    int good_blocks = 0;
    Estimate mean;
    for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
        const Estimate estimate = sample(sizes, rate, seed);
        good_bytes += std::fabs(estimate.bytes - bytes) < 3 * std::sqrt(variance_of_bytes) ? 1 : 0;
        good_blocks += std::fabs(estimate.blocks - blocks) < 3 * std::sqrt(variance_of_blocks) ? 1 : 0;
        mean.bytes += estimate.bytes / kSeeds;
        mean.blocks += estimate.blocks / kSeeds;
    }
    CAPTURE(rate, bytes, mean.bytes, blocks, mean.blocks);
    REQUIRE(good_bytes >= 97);
    REQUIRE(good_blocks >= 97);
    REQUIRE(std::fabs(mean.bytes - bytes) < 0.01 * bytes);
    // Nearly all blocks are small. With few samples the mean of 100 runs is exact to a few percent only.
    REQUIRE(std::fabs(mean.blocks - blocks) <
            std::max(0.01 * blocks, 3 * std::sqrt(variance_of_blocks / kSeeds)));
}

} // namespace
