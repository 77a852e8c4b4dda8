// SPDX-License-Identifier: MIT
// Random numbers that depend on the seed alone. std::shuffle and the distributions differ between libraries.
#pragma once

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <random>
#include <utility>
#include <vector>

namespace ashlar::statistics {

// Returns a uniform number in [0, bound), with a bias of at most bound / 2^32.
inline std::size_t below(std::mt19937_64& generator, std::size_t bound) {
    return static_cast<std::size_t>(((generator() >> 32) * bound) >> 32);
}

// Returns the numbers from 0 to count - 1 in random order (Fisher and Yates).
inline std::vector<std::size_t> random_order(std::size_t count, std::mt19937_64& generator) {
    std::vector<std::size_t> order(count);
    std::iota(order.begin(), order.end(), std::size_t{0});
    for (std::size_t left = count; left > 1; --left) {
        std::swap(order[left - 1], order[below(generator, left)]);
    }
    return order;
}

} // namespace ashlar::statistics
