// SPDX-License-Identifier: MIT
//
// What an attacker does not know: a secret per process, and a key per address that is derived from it. Each
// thread has a cheap stream of random numbers that starts from it.
//
// The secret comes from the 16 random bytes that the kernel gives every process (AT_RANDOM). That takes no
// system call, which a sandbox could forbid, and no lock, because every thread that looks finds the same. A
// forked child keeps it, as it keeps the blocks.
#pragma once

#include <bit>
#include <cstdint>

namespace ashlar::guard {

class Secret {
  public:
    bool ready() const { return __atomic_load_n(&factor_, __ATOMIC_RELAXED) != 0; }
    void prepare(); // may be repeated, also by several threads at once

    // No byte of a key is zero or a letter, so that strings and their ends which are written over it are
    // seen.
    std::uint64_t key(const void* address) const {
        constexpr std::uint64_t kHighBits = 0x8080808080808080;
        const std::uint64_t mixed = (reinterpret_cast<std::uintptr_t>(address) ^ mask_) * factor_;
        return std::rotl(mixed, 32) | kHighBits; // the upper half depends on most, and is looked at first
    }
    std::uint64_t seed(std::uint64_t number) const;

  private:
    std::uint64_t mask_ = 0;
    std::uint64_t factor_ = 0; // odd
};

[[gnu::visibility("hidden")]] extern constinit Secret secret;

// A linear congruential generator, of which the upper bits are used. Its start is a matter of the secret.
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

// A seed that no other thread has.
std::uint64_t new_seed();

// The calling thread's stream; started from the secret when it is first asked for. For slow paths.
Random& start_random();

[[gnu::visibility("hidden")]] extern constinit thread_local Random random_numbers;

} // namespace ashlar::guard
