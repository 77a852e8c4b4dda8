// SPDX-License-Identifier: MIT
//
// Reads words of stacks so that nothing can fault.
//
// A thread's own stack is read directly, from the thread's present place up to the stack's end. The end is
// the thread's descriptor, which the C library puts above a new thread's stack, or the arguments of main.
// When a thread is lower on its stack than ever before, the kernel is asked for each page between. A stack
// does not lose pages above its thread's place, so this is asked once. Every other address is read through
// the kernel, in small pieces: alternate stacks, coroutines, and addresses in a damaged stack.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace ashlar::observe {

class StackMemory {
  public:
    // Sets the thread's place, now or when a signal came. Own stack above it is read directly from now on.
    void stand_at(std::uintptr_t address);

    bool read(std::uintptr_t address, std::uint64_t& word) {
        if (address - low_ < size_) {
            if (address % sizeof word != 0) return false;
            word = load(address);
            return true;
        }
        return read_elsewhere(address, word);
    }

  private:
    static constexpr std::size_t kPiece = 128;

    // Sanitizers know the variables in a stack's frames, but not the words between.
    [[gnu::no_sanitize_address, gnu::no_sanitize_thread]] static std::uint64_t load(std::uintptr_t address) {
        return *reinterpret_cast<const volatile std::uint64_t*>(address);
    }

    bool read_elsewhere(std::uintptr_t address, std::uint64_t& word);

    std::uintptr_t low_ = 0;  // the thread's place
    std::uintptr_t size_ = 0; // addresses from `low_` on at which words are read directly
    std::uintptr_t piece_ = 0;
    std::size_t piece_size_ = 0;
    alignas(std::uint64_t) std::array<unsigned char, kPiece> bytes_;
};

} // namespace ashlar::observe
