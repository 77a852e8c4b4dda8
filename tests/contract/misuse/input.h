// SPDX-License-Identifier: MIT
//
// One misuse: its kind, the block's size, the thread, the moment and the state of the heap. Equal inputs make
// equal calls.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace misuse {

struct Kind;

// The thread that commits the misuse, relative to the one that allocated the block.
enum class Thread : std::uint8_t { kSame, kOther, kGone };
inline constexpr std::array<const char*, 3> kThreadNames{"same", "other", "gone"};

// Preceding events: none, ordinary work, or allocations of that size until a block has the address.
enum class When : std::uint8_t { kAtOnce, kAfter1000, kAfterReuse };
inline constexpr std::array<const char*, 3> kWhenNames{"at-once", "after-1000", "after-reuse"};

inline constexpr std::array<std::size_t, 8> kSizes{16, 48, 256, 1000, 4096, 20000, 131072, 4194304};

struct Input {
    const Kind* kind;
    std::size_t size;
    Thread thread;
    When when;
    std::uint64_t seed;
};

// Calls visit(input) for each combination of one kind with sizes, threads and moments.
template <typename Sizes, typename Visit>
void for_each_input(const Kind& kind, const Sizes& sizes, std::uint64_t first_seed, std::uint64_t seeds,
                    Visit visit) {
    for (const std::size_t size : sizes)
        for (std::size_t thread = 0; thread < kThreadNames.size(); ++thread)
            for (std::size_t when = 0; when < kWhenNames.size(); ++when)
                for (std::uint64_t i = 0; i < seeds; ++i)
                    visit(Input{&kind, size, static_cast<Thread>(thread), static_cast<When>(when),
                                first_seed + i});
}

} // namespace misuse
