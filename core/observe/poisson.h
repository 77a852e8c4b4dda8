// SPDX-License-Identifier: MIT
//
// The arithmetic of Poisson sampling.
//
// The points of a Poisson process lie among the requested bytes, on average one in `rate` bytes. A request is
// a sample if a point lies in it. So a request of n bytes is a sample with probability 1 - exp(-n / rate),
// independent of all others. It stands for the inverse of that number of such requests. Sums over samples are
// thus right on average. Large requests are nearly always samples, and stand for little more than themselves.
// The rate may change from request to request, by anything in the past. Sums remain right if each sample has
// the weight of its own rate. A rate of 1 means every request, also of 0 bytes.
//
// No library of mathematics is needed. Fractions are exact to nine digits.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ashlar::observe {

// Distances between points, from their own random generator (splitmix64).
class Gaps {
  public:
    void seed(std::uint64_t seed) { state_ = seed; }
    // Returns the bytes before the next point.
    std::size_t next(std::size_t rate);
    // Returns the number of points in `size` bytes, of which the first is behind `before` bytes. The number
    // is drawn, and includes the first point. For long requests the greater part is a mean, which is as good
    // for sums.
    std::uint64_t points(std::size_t size, std::size_t before, std::size_t rate);

  private:
    std::uint64_t random();

    std::uint64_t state_ = 0;
};

struct Weight {
    std::uint64_t bytes;  // bytes that the sample stands for
    std::uint64_t blocks; // blocks that it stands for, in 1/1024
};
Weight weight_of(std::size_t size, std::size_t rate);

} // namespace ashlar::observe
