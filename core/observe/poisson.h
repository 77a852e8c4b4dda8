// SPDX-License-Identifier: MIT
//
// The arithmetic of Poisson sampling.
//
// Sampled bytes are those at the points of a Poisson process, with one point in `rate` bytes in the mean. A
// request is a sample if a point lies in it. So a request of n bytes is one with the probability 1 - exp(-n /
// rate), independent of all others. It stands for one over that many of its kind. So what samples stand for
// adds up, in the mean, to what was requested. Large requests are nearly always samples and stand for little
// more than themselves. The rate may change from request to request, by anything that happened before. The
// sums stay right as long as each sample has the weight of the rate at which it was taken. A rate of 1 means
// every request, also one of no bytes.
//
// Nothing here needs a library of mathematics. Fractions are exact to nine digits.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ashlar::observe {

// Distances between points, from a generator of random numbers of its own (splitmix64).
class Gaps {
  public:
    void seed(std::uint64_t seed) { state_ = seed; }
    // Bytes before the next point.
    std::size_t next(std::size_t rate);
    // How many points lie in `size` bytes whose first point is behind `before` bytes: drawn, the first
    // included. Of long requests the greater part is told by its mean, which is as good for sums.
    std::uint64_t points(std::size_t size, std::size_t before, std::size_t rate);

  private:
    std::uint64_t random();

    std::uint64_t state_ = 0;
};

struct Weight {
    std::uint64_t bytes;  // that a sample of so many bytes stands for
    std::uint64_t blocks; // likewise, in 1/1024
};
Weight weight_of(std::size_t size, std::size_t rate);

} // namespace ashlar::observe
