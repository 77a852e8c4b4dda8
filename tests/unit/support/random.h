// SPDX-License-Identifier: MIT
//
// Reproducible random numbers, seeded by Catch2 (--rng-seed). Failures must show CAPTURE(random.seed()).
#pragma once

#include <catch2/catch.hpp>
#include <cstddef>
#include <cstdint>
#include <random>

namespace unit {

class Random {
  public:
    // Threads and rounds of one test use different values of `salt`.
    explicit Random(unsigned salt = 0)
        : seed_(Catch::rngSeed()), engine_(seed_ + (std::uint64_t{salt} << 32)) {}

    unsigned seed() const { return seed_; }

    // Slightly uneven for huge bounds, which is irrelevant here.
    std::size_t below(std::size_t bound) { return engine_() % bound; }
    std::size_t between(std::size_t least, std::size_t most) { return least + below(most - least + 1); }
    bool chance(unsigned percent) { return below(100) < percent; }

  private:
    unsigned seed_;
    std::mt19937_64 engine_;
};

} // namespace unit
