// SPDX-License-Identifier: MIT
//
// The secret of the process, a key per address derived from it, and a cheap stream of random numbers per
// thread. An attacker does not know them.
//
// The secret is made from the 16 random bytes that the kernel gives every process (AT_RANDOM). That needs no
// system call, which a sandbox could forbid. It needs no lock, because all threads compute the same secret. A
// forked child keeps the secret with its blocks.
#pragma once

#include <bit>
#include <cstdint>

namespace ashlar::guard {

class Secret {
  public:
    bool ready() const { return __atomic_load_n(&factor_, __ATOMIC_RELAXED) != 0; }
    // Makes the secret. May be repeated, also by several threads at once.
    void prepare();

    // Returns the key of an address. No byte of a key is 0 or an ASCII character, so a string or its end
    // written over a key is detected.
    std::uint64_t key(const void* address) const {
        constexpr std::uint64_t kHighBits = 0x8080808080808080;
        const std::uint64_t mixed = (reinterpret_cast<std::uintptr_t>(address) ^ mask_) * factor_;
        // The upper half depends on most bits. Rotated down, it is compared first.
        return std::rotl(mixed, 32) | kHighBits;
    }
    std::uint64_t seed(std::uint64_t number) const;

  private:
    std::uint64_t mask_ = 0;
    std::uint64_t factor_ = 0; // odd
};

[[gnu::visibility("hidden")]] extern constinit Secret secret;

// A linear congruential generator; its upper bits are used. It starts from the secret.
class Random {
  public:
    bool started() const { return state_ != 0; }
    void start(std::uint64_t seed) { state_ = static_cast<std::uint32_t>(seed) | 1; }

    std::uint32_t below(std::uint32_t bound) {
        state_ = state_ * 747796405 + 2891336453;
        return static_cast<std::uint32_t>(std::uint64_t{state_} * bound >> 32);
    }

  private:
    std::uint32_t state_ = 0;
};

// Returns a seed that no other thread has.
std::uint64_t new_seed();

// Returns the calling thread's stream, and starts it from the secret at the first call. For slow paths.
Random& start_random();

[[gnu::visibility("hidden")]] extern constinit thread_local Random random_numbers;

} // namespace ashlar::guard
