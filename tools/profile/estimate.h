// SPDX-License-Identifier: MIT
// How much a set of samples stands for, and how well that is known. A block is sampled with a probability p
// that depends on its size alone, and one that is stands for 1/p blocks of its size. Sums of such weights are
// unbiased (Horvitz and Thompson). So is the estimate of their variance: of each sample the square of its
// weight, times 1 - p. Where every block is recorded p is 1 and sums are exact.
//
// Where distances vary, few samples with small weights say little: what was allocated while samples were far
// apart may have none. So an interval is wide enough for one more sample, of the weight that is usual in the
// recording. (Fay and Feuer 1997 do so for sums of weighted Poisson counts, with the largest weight.)
#pragma once

#include "statistics/bootstrap.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace ashlar::profile {

struct Figure {
    double value = 0;
    double variance = 0;
    double unseen = 0; // the variance of one more sample

    // `stretch`: how many times as much as this sample one that is usual stands for, at least 1.
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
    // Holds the truth 95 times in 100.
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
    std::uint64_t sampled_bytes = 0; // of these alone

    void add(const Amount& other) {
        bytes.add(other.bytes);
        blocks.add(other.blocks);
        samples += other.samples;
        sampled_bytes += other.sampled_bytes;
    }
};

} // namespace ashlar::profile
