// SPDX-License-Identifier: MIT
#include "statistics/mann_whitney.h"

#include <array>
#include <catch2/catch.hpp>
#include <vector>

using ashlar::statistics::mann_whitney;

TEST_CASE("Mann-Whitney: the example of SciPy's documentation") {
    const std::array<double, 5> males{19, 22, 16, 29, 24};
    const std::array<double, 4> females{20, 11, 17, 12};
    const auto result = mann_whitney(males, females);
    CHECK(result.u == 17);
    CHECK(result.p == Approx(0.111111111111111).epsilon(1e-12));
    const auto turned = mann_whitney(females, males);
    CHECK(turned.u == 3);
    CHECK(turned.p == Approx(result.p));
}

TEST_CASE("Mann-Whitney: the example of R's wilcox.test, two-sided") {
    const std::array<double, 10> x{0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46};
    const std::array<double, 5> y{1.15, 0.88, 0.90, 0.74, 1.21};
    const auto result = mann_whitney(x, y);
    CHECK(result.u == 35);
    CHECK(result.p == Approx(0.2544122544).epsilon(1e-9));
}

TEST_CASE("Mann-Whitney: equal values, by the normal distribution") {
    // U is 0.5 of 9, its mean 4.5, its variance 9 / 12 * (7 - (8 - 2) / 30) = 5.1: z = (4 - 0.5) / sqrt(5.1).
    const auto result = mann_whitney(std::array<double, 3>{1, 2, 3}, std::array<double, 3>{3, 4, 5});
    CHECK(result.u == 0.5);
    CHECK(result.p == Approx(0.12118327).epsilon(1e-6));
    CHECK(mann_whitney(std::array<double, 3>{7, 7, 7}, std::array<double, 2>{7, 7}).p == 1);
}

TEST_CASE("Mann-Whitney: exact agrees with going through all ways") {
    // All 20 ways to choose three of the ranks 1 to 6 for the first set.
    for (unsigned chosen = 0; chosen < 64; ++chosen) {
        std::vector<double> first;
        std::vector<double> second;
        for (unsigned rank = 0; rank < 6; ++rank) {
            ((chosen >> rank & 1) != 0 ? first : second).push_back(rank);
        }
        if (first.size() != 3) {
            continue;
        }
        const auto u_of = [](unsigned ways) {
            int u = 0;
            for (unsigned one = 0; one < 6; ++one) {
                for (unsigned other = 0; other < one; ++other) {
                    u += (ways >> one & 1) != 0 && (ways >> other & 1) == 0 ? 1 : 0;
                }
            }
            return u;
        };
        const double distance = std::abs(u_of(chosen) - 4.5);
        int as_far = 0;
        for (unsigned other = 0; other < 64; ++other) {
            as_far += __builtin_popcount(other) == 3 && std::abs(u_of(other) - 4.5) >= distance ? 1 : 0;
        }
        CHECK(mann_whitney(first, second).p == Approx(std::min(1.0, as_far / 20.0)));
    }
}

TEST_CASE("Mann-Whitney: nothing is known of nothing, and large sets are compared too") {
    CHECK(mann_whitney({}, std::array<double, 1>{1}).p == 1);
    std::vector<double> low(100);
    std::vector<double> high(100);
    for (std::size_t index = 0; index < low.size(); ++index) {
        low[index] = static_cast<double>(index);
        high[index] = static_cast<double>(index) + 40.5;
    }
    CHECK(mann_whitney(low, high).p < 1e-9);
    CHECK(mann_whitney(low, low).p == 1);
}
