// SPDX-License-Identifier: MIT
#include "guard/secret.h"

#include <atomic>
#include <cstring>
#include <sys/auxv.h>

namespace ashlar::guard {

constinit Secret secret;
constinit thread_local Random random_numbers;

namespace {

constinit std::atomic<std::uint64_t> streams{0};

// The finaliser of SplitMix64 (Steele, Lea and Flood 2014): every output bit depends on every input bit.
constexpr std::uint64_t scramble(std::uint64_t x) {
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
    x = (x ^ x >> 27) * 0x94d049bb133111eb;
    return x ^ x >> 31;
}

} // namespace

void Secret::prepare() {
    std::uint64_t given[2] = {};
    if (const auto* const random = reinterpret_cast<const void*>(::getauxval(AT_RANDOM))) {
        std::memcpy(given, random, sizeof(given));
    } else { // not given by this kernel: addresses are the only randomness
        given[0] = reinterpret_cast<std::uintptr_t>(&given);
        given[1] = reinterpret_cast<std::uintptr_t>(this);
    }
    // The C library's canaries are these bytes unchanged. Neither they nor these words reveal the other.
    __atomic_store_n(&mask_, scramble(given[0] + scramble(given[1])), __ATOMIC_RELAXED);
    __atomic_store_n(&factor_, scramble(given[1] + scramble(given[0] + 1)) | 1, __ATOMIC_RELEASE);
}

std::uint64_t Secret::seed(std::uint64_t number) const {
    return scramble(mask_ + scramble(factor_ + number));
}

std::uint64_t new_seed() {
    if (!secret.ready()) secret.prepare();
    return secret.seed(streams.fetch_add(1, std::memory_order_relaxed));
}

Random& start_random() {
    if (!random_numbers.started()) random_numbers.start(new_seed());
    return random_numbers;
}

} // namespace ashlar::guard
