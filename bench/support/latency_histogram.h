// SPDX-License-Identifier: MIT
// A histogram of durations from 1 to 2^40 ticks, in 9 KiB and without a branch in record(). Buckets are one
// tick wide up to 64 ticks, and then a 32nd of the power of two below. So a percentile is at most 3.2 % too
// large, and never too small. The layout and the rounding are HdrHistogram's.
//
// The largest value is kept exactly. Zero and values beyond the range are counted in the nearest bucket.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace bench {

class LatencyHistogram {
  public:
    static constexpr unsigned kBitsKept = 5; // bits of a value below its highest one
    static constexpr unsigned kBitsOfRange = 40;

    void record(std::uint64_t value) {
        ++counts_[bucket_of(std::min(value, kLargest))];
        largest_ = std::max(largest_, value);
    }

    void add(const LatencyHistogram& other) {
        for (std::size_t bucket = 0; bucket < kBuckets; ++bucket) {
            counts_[bucket] += other.counts_[bucket];
        }
        largest_ = std::max(largest_, other.largest_);
    }

    std::uint64_t count() const {
        std::uint64_t sum = 0;
        for (const std::uint64_t each : counts_) {
            sum += each;
        }
        return sum;
    }

    std::uint64_t largest() const { return largest_; }

    // Returns the least value that this share of all values does not exceed, rounded up to the end of its
    // bucket, or 0 without values. The share is in ten-thousandths, to avoid rounding: 9990 is p99.9.
    std::uint64_t percentile(std::uint32_t ten_thousandths) const {
        const std::uint64_t rank = (count() * ten_thousandths + 9999) / 10'000;
        std::uint64_t seen = 0;
        for (std::size_t bucket = 0; bucket < kBuckets; ++bucket) {
            seen += counts_[bucket];
            if (seen >= std::max<std::uint64_t>(rank, 1)) {
                return std::min(last_of(bucket), largest_);
            }
        }
        return largest_;
    }

    // Returns the value's bucket: its first bits, behind the buckets of all shorter values.
    static constexpr std::size_t bucket_of(std::uint64_t value) {
        const auto shift = static_cast<unsigned>(std::bit_width(value | kExact)) - (kBitsKept + 1);
        return (std::size_t{shift} << kBitsKept) + static_cast<std::size_t>(value >> shift);
    }

    // Returns the largest value of a bucket.
    static constexpr std::uint64_t last_of(std::size_t bucket) {
        if (bucket < 2 * kPerDoubling) {
            return bucket;
        }
        const std::size_t shift = (bucket >> kBitsKept) - 1;
        return ((bucket - (shift << kBitsKept) + 1) << shift) - 1;
    }

    static constexpr std::uint64_t kLargest = (std::uint64_t{1} << kBitsOfRange) - 1;

  private:
    static constexpr std::size_t kPerDoubling = std::size_t{1} << kBitsKept;
    static constexpr std::uint64_t kExact = kPerDoubling; // smaller values are not shifted
    static constexpr std::size_t kBuckets = ((kBitsOfRange - kBitsKept) + 1) << kBitsKept;

    std::array<std::uint64_t, kBuckets> counts_;
    std::uint64_t largest_;
};

} // namespace bench
