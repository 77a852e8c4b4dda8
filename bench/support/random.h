// SPDX-License-Identifier: MIT
// Pseudo-random numbers at the cost of a multiplication each, so that the allocator is measured. They are the
// same on every machine, so one seed gives one stream of operations.
#pragma once

#include <cstdint>

namespace bench {

// Spreads a seed's bits, so that neighbouring seeds give unrelated streams (the finalizer of splitmix64).
constexpr std::uint64_t scramble(std::uint64_t value) {
    value += 0x9E3779B97F4A7C15U;
    value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9U;
    value = (value ^ (value >> 27)) * 0x94D049BB133111EBU;
    return value ^ (value >> 31);
}

// One random number that yields several small ones. Scaling a fraction of 64 bits by a bound leaves the
// number above the point, and a new fraction below it. A bound uses up as many bits as it has.
class Draw {
  public:
    explicit constexpr Draw(std::uint64_t fraction) : fraction_(fraction) {}

    // Returns a number in [0, bound), uniformly.
    constexpr std::uint32_t below(std::uint32_t bound) {
        __extension__ using Product = unsigned __int128;
        const Product product = Product{fraction_} * bound;
        fraction_ = static_cast<std::uint64_t>(product);
        return static_cast<std::uint32_t>(product >> 64);
    }

  private:
    std::uint64_t fraction_;
};

// Knuth's 64-bit linear congruential generator (MMIX). A draw starts from its highest bits, which are best.
class Random {
  public:
    explicit constexpr Random(std::uint64_t seed) : state_(scramble(seed)) {}

    constexpr Draw draw() {
        state_ = state_ * 6364136223846793005U + 1442695040888963407U;
        return Draw(state_);
    }

  private:
    std::uint64_t state_;
};

// Sizes from `smallest` to `largest`, both included.
class SizeRange {
  public:
    constexpr SizeRange(std::uint32_t smallest, std::uint32_t largest)
        : smallest_(smallest), count_(largest - smallest + 1) {}

    constexpr std::uint32_t pick(Draw& draw) const { return smallest_ + draw.below(count_); }

  private:
    std::uint32_t smallest_;
    std::uint32_t count_;
};

// Sizes from 2^octave up to 2^(octave + octaves), with every doubling equally frequent. Blocks of 32 to 64
// bytes are as many as blocks of 8 to 16 KiB.
class OctaveRange {
  public:
    constexpr OctaveRange(std::uint32_t octave, std::uint32_t octaves) : octave_(octave), octaves_(octaves) {}

    constexpr std::uint32_t pick(Draw& draw) const {
        const std::uint32_t start = std::uint32_t{1} << (octave_ + draw.below(octaves_));
        return start + draw.below(start);
    }

  private:
    std::uint32_t octave_;
    std::uint32_t octaves_;
};

} // namespace bench
