// SPDX-License-Identifier: MIT
//
// Words of stacks, read so that nothing can fault.
//
// A thread's own stack is read directly, from the place where the thread stands up to the stack's end. That
// is the thread's descriptor, which the C library puts above a new thread's stack, or the arguments of main.
// When a thread stands lower than ever before, the kernel is asked for each page between. A stack does not
// lose pages above the place where its thread stands, so this is asked once. Every other address (alternate
// stacks, coroutines, whatever a damaged stack points to) is read through the kernel, a small piece at a
// time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace ashlar::observe {

class StackMemory {
  public:
    // The thread stands, or stood when a signal came, at this address. From here on what is above it is read
    // directly if it is the thread's own stack.
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

    // What the sanitizers know of a stack are the variables of its frames, not what lies between.
    [[gnu::no_sanitize_address, gnu::no_sanitize_thread]] static std::uint64_t load(std::uintptr_t address) {
        return *reinterpret_cast<const volatile std::uint64_t*>(address);
    }

    bool read_elsewhere(std::uintptr_t address, std::uint64_t& word);

    std::uintptr_t low_ = 0;  // where the thread stands
    std::uintptr_t size_ = 0; // of so many addresses from there on words are read directly
    std::uintptr_t piece_ = 0;
    std::size_t piece_size_ = 0;
    alignas(std::uint64_t) std::array<unsigned char, kPiece> bytes_;
};

} // namespace ashlar::observe
