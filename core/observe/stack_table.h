// SPDX-License-Identifier: MIT
//
// Numbers for stacks of return addresses: the same stack has the same number, from 1 on.
//
// A table of hashes, which are 63 bits long. Two different stacks get one number with a chance of 1 in 10^8
// for a million stacks. Nothing is ever removed. It has four levels, each eight times as large as the one
// before: a program with few stacks touches a page or two. Takes no lock, allocates nothing.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace ashlar::observe {

class StackTable {
  public:
    // Memory for the table; false if there is none. Once.
    bool prepare();
    bool is_prepared() const { return slots_ != nullptr; }
    void clear(); // nobody else uses it

    struct Found {
        std::uint32_t number; // 0: the table is full
        bool is_new;          // nobody has confirmed that it is known
    };
    Found find(const std::uintptr_t* frames, std::size_t count);
    // It has been written down what this number means.
    void confirm(std::uint32_t number);

  private:
    static constexpr std::array<std::size_t, 4> kSizes{512, 4096, 32768, 262144}; // of the levels
    static constexpr std::size_t kTries = 16;                                     // in each
    static constexpr std::size_t kSlots = kSizes[0] + kSizes[1] + kSizes[2] + kSizes[3];
    static constexpr std::uint64_t kConfirmed = 1;

    std::atomic<std::uint64_t>* slots_ = nullptr; // 0, or a hash and kConfirmed
};

} // namespace ashlar::observe
