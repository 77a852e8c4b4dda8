// SPDX-License-Identifier: MIT
#include "observe/poisson.h"

#include <algorithm>
#include <bit>

namespace ashlar::observe {

namespace {

constexpr double kLogarithmOf2 = 0.693147180559945309;

// Returns -ln(number / 2^64), for a `number` above 0.
double minus_logarithm(std::uint64_t number) {
    const int zeroes = std::countl_zero(number);
    // The fraction lies in [1, 2). ln(x) = 2 artanh((x - 1) / (x + 1)), whose argument is at most a third.
    const double fraction = static_cast<double>(number << zeroes) / 0x1p63;
    const double argument = (fraction - 1) / (fraction + 1);
    const double square = argument * argument;
    double sum = 0;
    for (int power = 17; power >= 1; power -= 2)
        sum = sum * square + 1.0 / power;
    return (zeroes + 1) * kLogarithmOf2 - 2 * argument * sum;
}

// Rounds a number far below 2^52, where a half is exact.
std::uint64_t nearest(double number) {
    return static_cast<std::uint64_t>(number + 0.5); // NOLINT(bugprone-incorrect-roundings): no <cmath>
}

// Returns 1 - exp(-x), for x above 0.
double probability(double x) {
    constexpr double kCertain = 40; // the rest is below a double's precision
    if (x >= kCertain) return 1;
    int halvings = 0;
    while (x > 0.5) {
        x /= 2;
        ++halvings;
    }
    double sum = 0; // sum of the series x - x^2 / 2! + x^3 / 3! - ...
    for (int factor = 12; factor >= 1; --factor)
        sum = x / factor * (1 - sum);
    for (; halvings != 0; --halvings)
        sum *= 2 - sum; // 1 - (1 - p)^2
    return sum;
}

} // namespace

std::uint64_t Gaps::random() {
    state_ += 0x9e3779b97f4a7c15;
    std::uint64_t random = state_;
    random = (random ^ random >> 30) * 0xbf58476d1ce4e5b9;
    random = (random ^ random >> 27) * 0x94d049bb133111eb;
    return random ^ random >> 31;
}

std::size_t Gaps::next(std::size_t rate) {
    return static_cast<std::size_t>(minus_logarithm(std::max<std::uint64_t>(random(), 1)) *
                                    static_cast<double>(rate));
}

std::uint64_t Gaps::points(std::size_t size, std::size_t before, std::size_t rate) {
    constexpr std::uint64_t kMostDrawn = 64;
    std::size_t left = size - before;
    std::uint64_t points = 1;
    for (; points < kMostDrawn; ++points) {
        const std::size_t gap = next(rate);
        if (gap >= left) return points;
        left -= gap;
    }
    const bool one_more = random() % rate < left % rate;
    return points + left / rate + (one_more ? 1 : 0);
}

Weight weight_of(std::size_t size, std::size_t rate) {
    if (rate == 1) return {size, 1024};
    const double p = probability(static_cast<double>(size) / static_cast<double>(rate));
    return {nearest(static_cast<double>(size) / p), nearest(1024 / p)};
}

} // namespace ashlar::observe
