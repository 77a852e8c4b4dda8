// SPDX-License-Identifier: MIT
#include "statistics/mann_whitney.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <vector>

namespace ashlar::statistics {

namespace {

// Most pairs for the exact computation. Above this the normal distribution is as good and much faster.
constexpr std::size_t kMostPairsExact = 900;

double count_pairs(std::span<const double> first, std::span<const double> second) {
    double u = 0;
    for (const double one : first) {
        for (const double other : second) {
            u += one > other ? 1 : one == other ? 0.5 : 0;
        }
    }
    return u;
}

// Counts how often each value occurs in both sets.
std::map<double, double> frequencies(std::span<const double> first, std::span<const double> second) {
    std::map<double, double> result;
    for (const auto& values : {first, second}) {
        for (const double value : values) {
            ++result[value];
        }
    }
    return result;
}

// Returns the share of all ways to mix m and n values in which U is at least `least`. The largest value is
// either in the first set, above all n values of the second, or in the second. Hence
//   ways(m, n, u) = ways(m - 1, n, u - n) + ways(m, n - 1, u).
double exact_tail(std::size_t m, std::size_t n, std::size_t least) {
    std::vector<std::vector<double>> ways(n + 1,
                                          std::vector<double>(m * n + 1)); // by n and u, for the current m
    for (auto& by_u : ways) {
        by_u[0] = 1;
    }
    for (std::size_t first = 1; first <= m; ++first) {
        for (std::size_t second = 1; second <= n; ++second) {
            std::vector<double>& now = ways[second];
            for (std::size_t u = m * n + 1; u-- > second;) {
                now[u] = now[u - second]; // from ways for m - 1
            }
            std::fill_n(now.begin(), second, 0);
            for (std::size_t u = 0; u <= m * n; ++u) {
                now[u] += ways[second - 1][u];
            }
        }
    }
    double all = 0;
    double tail = 0;
    for (std::size_t u = 0; u <= m * n; ++u) {
        all += ways[n][u];
        tail += u >= least ? ways[n][u] : 0;
    }
    return tail / all;
}

double normal_tail(double m, double n, double u, const std::map<double, double>& frequency) {
    double ties = 0;
    for (const auto& [value, count] : frequency) {
        ties += count * count * count - count;
    }
    const double all = m + n;
    const double variance = m * n / 12 * (all + 1 - ties / (all * (all - 1)));
    if (variance <= 0) {
        return 0.5; // all values are equal
    }
    const double distance = std::max(0.0, u - m * n / 2 - 0.5);
    return std::erfc(distance / std::sqrt(variance) / std::sqrt(2.0)) / 2;
}

} // namespace

MannWhitney mann_whitney(std::span<const double> first, std::span<const double> second) {
    const std::size_t pairs = first.size() * second.size();
    if (pairs == 0) {
        return {.u = 0, .p = 1};
    }
    const double u = count_pairs(first, second);
    const double larger = std::max(u, static_cast<double>(pairs) - u);
    const auto frequency = frequencies(first, second);
    const bool all_differ = frequency.size() == first.size() + second.size();
    const double tail = all_differ && pairs <= kMostPairsExact
                            ? exact_tail(first.size(), second.size(), static_cast<std::size_t>(larger))
                            : normal_tail(static_cast<double>(first.size()),
                                          static_cast<double>(second.size()), larger, frequency);
    return {.u = u, .p = std::min(1.0, 2 * tail)};
}

} // namespace ashlar::statistics
