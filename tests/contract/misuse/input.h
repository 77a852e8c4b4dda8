// SPDX-License-Identifier: MIT
//
// One bad input: which wrong thing, with a block of which size, done by whom and when, from which state of
// the heap. Equal inputs make equal calls.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace misuse {

struct Kind;

// Who does the wrong thing, seen from the thread that allocated the block and did what was right.
enum class Thread : std::uint8_t { kSame, kOther, kGone };
inline constexpr std::array<const char*, 3> kThreadNames{"same", "other", "gone"};

// What happens before: nothing; ordinary work; or blocks of the size are allocated until one is at the
// address.
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

// Calls visit(input) for each combination of one kind.
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
