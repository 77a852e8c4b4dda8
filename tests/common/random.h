// SPDX-License-Identifier: MIT
//
// A small random generator whose whole state is its seed, and typical sizes of programs.
#pragma once

#include <cstddef>
#include <cstdint>

namespace common {

// SplitMix64.
class Random {
  public:
    explicit Random(std::uint64_t seed) : state_(seed) {}

    std::uint64_t next() {
        std::uint64_t z = state_ += 0x9e3779b97f4a7c15;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
        z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
        return z ^ (z >> 31);
    }

    // Slightly uneven for huge bounds, which is irrelevant here.
    std::size_t below(std::size_t bound) { return static_cast<std::size_t>(next() % bound); }

    bool chance(unsigned percent) { return below(100) < percent; }

  private:
    std::uint64_t state_;
};

// Returns a size, mostly small, and at least 0. One in seven is above 8 KiB, a few above every size class.
inline std::size_t any_size(Random& random) {
    const std::size_t kind = random.below(1000);
    if (kind < 600) return random.below(1025);
    if (kind < 850) return random.below(8193);
    if (kind < 990) return random.below(65537);
    return random.below(std::size_t{2} << 20);
}

} // namespace common
