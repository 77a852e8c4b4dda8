// SPDX-License-Identifier: MIT
//
// Complete threads with simulated clocks. Estimates must match the requested bytes at any sampling distance.
#include "observe/poisson.h"
#include "observe/sampler.h"

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace {

using ashlar::observe::Sampler;
using ashlar::observe::Weight;
using ashlar::observe::weight_of;

double processor = 0; // ns
double of_day = 0;

constexpr Sampler::Clocks kClocks{[] { return static_cast<std::uint64_t>(of_day); },
                                  [] { return static_cast<std::uint64_t>(processor); }};

void pass(double nanoseconds) {
    processor += nanoseconds;
    of_day += nanoseconds;
}

struct Request {
    std::size_t size;
    double nanoseconds; // work of the program before the request
};

struct Sum {
    double bytes = 0;
    double variance = 0; // of the bytes, as tools estimate it
    double points = 0;   // bytes estimated from the points in samples
    std::size_t least_distance = SIZE_MAX;
    std::size_t longest_distance = 0;
    std::uint64_t samples = 0;
};

constexpr double kCostOfSample = 700; // ns

// Runs the sampler as heap_samples.cc does, with the countdown of cache/pointer_stacks.h. Also queries the
// sampler at exactly zero, as slow paths may.
Sum run(const std::vector<Request>& requests, std::size_t least, std::size_t percent, std::uint64_t seed) {
    processor = 1e6;
    of_day = 1e9;
    Sampler sampler;
    sampler.seed(seed);
    sampler.begin(least, 0, percent, kClocks);
    Sum sum;
    std::ptrdiff_t allowed = 0;
    for (const Request& request : requests) {
        pass(request.nanoseconds);
        allowed -= static_cast<std::ptrdiff_t>(request.size);
        if (allowed > 0) continue;
        const bool is_sample = sampler.reaches_point(request.size, static_cast<std::size_t>(-allowed));
        allowed = sampler.allows_requests() ? static_cast<std::ptrdiff_t>(sampler.allowance()) : -1;
        if (!is_sample) continue;
        pass(kCostOfSample);
        const std::size_t distance = sampler.distance_of_sample();
        const Weight weight = weight_of(request.size, distance);
        const auto bytes = static_cast<double>(weight.bytes);
        const double p = request.size != 0 ? static_cast<double>(request.size) / bytes : 1;
        sum.bytes += bytes;
        sum.variance += bytes * bytes * (1 - p);
        if (distance != 1)
            sum.points += static_cast<double>(sampler.points_in_sample(request.size) * distance);
        sum.least_distance = std::min(sum.least_distance, distance);
        sum.longest_distance = std::max(sum.longest_distance, distance);
        ++sum.samples;
        sampler.finish_sample();
    }
    return sum;
}

// Returns phases of different speeds and sizes. Fast phases have large and small requests in turns. The
// largest requests exceed every distance.
std::vector<Request> program() {
    std::vector<Request> requests;
    std::uint64_t random = 1;
    const auto next = [&random] { return random = random * 6364136223846793005U + 1442695040888963407U; };
    for (int phase = 0; phase < 24; ++phase) {
        const bool fast = phase % 2 == 0;
        const bool large = phase % 3 == 0;
        const std::size_t bytes = fast ? std::size_t{768} << 20 : std::size_t{24} << 20;
        for (std::size_t sum = 0; sum < bytes;) {
            const std::uint64_t number = next() >> 33;
            std::size_t size = large ? 20'000 + number % 40'000 : 1000 + number % 20'000;
            if (number % 1000 == 0) size = 4'000'000;
            requests.push_back({size, static_cast<double>(size) / (fast ? 100.0 : 0.05)});
            sum += size;
        }
    }
    return requests;
}

TEST_CASE("sampler: with a distance that changes, estimates are unbiased and as far off as they say") {
    const std::vector<Request> requests = program();
    double truth = 0;
    for (const Request& request : requests)
        truth += static_cast<double>(request.size);
    constexpr std::size_t kLeast = std::size_t{256} << 10;
    constexpr int kSeeds = 100;
    int good = 0;
    double mean = 0;
    double mean_by_points = 0;
    for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
        const Sum sum = run(requests, kLeast, 2, seed);
        REQUIRE(sum.least_distance == kLeast);
        REQUIRE(sum.longest_distance > 3 * kLeast);
        good += std::fabs(sum.bytes - truth) < 3 * std::sqrt(sum.variance) ? 1 : 0;
        mean += sum.bytes / kSeeds;
        mean_by_points += sum.points / kSeeds;
    }
    CAPTURE(truth, mean, mean_by_points, good);
    REQUIRE(good >= 97);
    REQUIRE(std::fabs(mean - truth) < 0.01 * truth);
    REQUIRE(std::fabs(mean_by_points - truth) < 0.01 * truth);
}

TEST_CASE("sampler: without a bound the distance stays, and samples are as many as that says") {
    const std::vector<Request> requests = program();
    double truth = 0;
    for (const Request& request : requests)
        truth += static_cast<double>(request.size);
    constexpr std::size_t kLeast = std::size_t{256} << 10;
    const Sum bounded = run(requests, kLeast, 2, 1);
    const Sum free = run(requests, kLeast, 0, 1);
    REQUIRE(free.longest_distance == kLeast);
    REQUIRE(free.samples > 2 * bounded.samples);
    REQUIRE(std::fabs(free.bytes - truth) < 4 * std::sqrt(free.variance));
}

TEST_CASE("sampler: a distance of 1 takes every request, also one of no bytes, and no bound changes that") {
    std::vector<Request> requests;
    constexpr std::array<std::size_t, 6> kSizes{0, 1, 2, 16, 1000, 5'000'000};
    double truth = 0;
    for (std::size_t i = 0; i < 100'000; ++i) {
        requests.push_back({kSizes[i % kSizes.size()], 1});
        truth += static_cast<double>(requests.back().size);
    }
    const Sum sum = run(requests, 1, GENERATE(0, 2), 1);
    REQUIRE(sum.samples == requests.size());
    REQUIRE(sum.bytes == truth);
    REQUIRE(sum.variance == 0);
}

TEST_CASE("sampler: requests that nobody asked about leave no trace") {
    Sampler sampler;
    sampler.seed(1);
    sampler.begin(1 << 20, 0, 0, kClocks);
    std::uint64_t samples = 0;
    constexpr int kRequests = 200'000;
    for (int i = 0; i < kRequests; ++i) // a thread requested 1 GiB while the heap was closed
        samples += sampler.reaches_point(1000, (1 << 30) + sampler.allowance()) ? 1 : 0;
    const double expected = kRequests * -std::expm1(-1000.0 / (1 << 20));
    REQUIRE(std::fabs(static_cast<double>(samples) - expected) < 4 * std::sqrt(expected));
}

} // namespace
