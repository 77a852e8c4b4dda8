// SPDX-License-Identifier: MIT
// Estimates from samples, and their error. A block is sampled with a probability p that depends on its size
// only. A sampled block stands for 1/p blocks of its size. Sums of these weights are unbiased (Horvitz and
// Thompson). The sum of weight² × (1 - p) estimates their variance without bias. Where every block is
// recorded, p is 1 and sums are exact.
//
// Where the sampling distance varies, a few samples with small weights say little. Allocations made while
// samples were far apart may have no sample at all. The interval therefore allows for one more sample of
// usual weight. (Fay and Feuer 1997 do this for sums of weighted Poisson counts, with the largest weight.)
#pragma once

#include "statistics/bootstrap.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace ashlar::profile {

struct Figure {
    double value = 0;
    double variance = 0;
    double unseen = 0; // variance of one more sample

    // `stretch`: weight of a usual sample, as a multiple of this sample's weight, at least 1.
    void add(double weighted, double blocks, double stretch = 1) {
        const double mine = weighted * weighted * (1 - 1 / std::max(blocks, 1.0));
        value += weighted;
        variance += mine;
        unseen = std::max(unseen, mine * stretch * stretch);
    }
    void add(const Figure& other) {
        value += other.value;
        variance += other.variance;
        unseen = std::max(unseen, other.unseen);
    }
    double standard_error() const { return std::sqrt(variance); }
    // Returns the 95 % confidence interval.
    statistics::Interval interval() const {
        constexpr double kDeviations = 1.959963984540054;
        const double half = kDeviations * std::sqrt(variance + unseen);
        return {.low = std::max(value - half, std::min(value, 0.0)), .high = value + half};
    }
};

struct Amount {
    Figure bytes{};
    Figure blocks{};
    std::uint64_t samples = 0;
    std::uint64_t sampled_bytes = 0; // size of the samples themselves

    void add(const Amount& other) {
        bytes.add(other.bytes);
        blocks.add(other.blocks);
        samples += other.samples;
        sampled_bytes += other.sampled_bytes;
    }
};

} // namespace ashlar::profile
