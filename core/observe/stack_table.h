// SPDX-License-Identifier: MIT
//
// Numbers stacks of return addresses. The same stack always has the same number, from 1 on.
//
// The table has hashes of 63 bits. In a full table of 300 000 stacks the chance that two share a number is 1
// in 200 million. Single stacks are never removed. Four levels, each eight times as large as the one before,
// keep small programs to a page or two. Takes no lock, and allocates nothing.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace ashlar::observe {

class StackTable {
  public:
    // Maps memory for the table. Returns false if there is none. Call it once.
    bool prepare();
    bool is_prepared() const { return slots_ != nullptr; }
    void clear(); // no other thread may use the table

    struct Found {
        std::uint32_t number; // 0: the table is full
        bool is_new;          // the number is not confirmed yet
    };
    Found find(const std::uintptr_t* frames, std::size_t count);
    // Notes that the stack of `number` has been written.
    void confirm(std::uint32_t number);

  private:
    static constexpr std::array<std::size_t, 4> kSizes{512, 4096, 32768, 262144}; // slots of each level
    static constexpr std::size_t kTries = 16;                                     // tries in each level
    static constexpr std::size_t kSlots = kSizes[0] + kSizes[1] + kSizes[2] + kSizes[3];
    static constexpr std::uint64_t kConfirmed = 1;

    std::atomic<std::uint64_t>* slots_ = nullptr; // each 0, or a hash, with or without kConfirmed
};

} // namespace ashlar::observe
