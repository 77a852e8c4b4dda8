// SPDX-License-Identifier: MIT
//
// The executable mappings of the process, as records for the profiler's file. A stack is meaningless without
// the objects that were loaded and their addresses.
//
// Mappings are read from /proc/self/maps, and the build id from the mapped file. Memory is not read, because
// another thread may unmap it. The loader's lists are not read, because they need its lock. Takes no lock:
// one thread at a time reads, and other threads return at once. Allocates nothing, and needs 1 KiB of stack.
#pragma once

#include "observe/record_file.h"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace ashlar::observe {

class LoadedMaps {
  public:
    // Appends the mappings that are new since the last time.
    void record(RecordFile& file);
    // Forgets all mappings, for a new file or in a forked child. No thread may be reading.
    void forget() {
        count_.store(0, std::memory_order_relaxed);
        reading_.store(false, std::memory_order_relaxed);
    }
    // Returns whether the address was in a mapping at the last reading.
    bool knows(std::uintptr_t address) const;

  private:
    struct Known {
        std::atomic<std::uintptr_t> begin;
        std::atomic<std::uintptr_t> end;
        std::atomic<std::uint64_t> inode;
    };
    // A line of /proc/self/maps.
    struct Line {
        static constexpr std::size_t kLongest = 384; // the rest of a path is left out

        std::array<char, kLongest + 1> text;
        std::size_t length;

        std::uintptr_t begin;
        std::uintptr_t end;
        bool executable;
        std::uint64_t offset;
        std::uint32_t device;
        std::uint64_t inode;
        const char* path; // the rest of the text

        void add(char c) {
            if (length < kLongest) text[length++] = c;
        }
        void parse();
    };
    bool note(const Line& line);
    void append(RecordFile& file, const Line& line);

    std::atomic<bool> reading_{false};
    std::atomic<std::uint32_t> count_{0};
    std::array<Known, 512> known_{};
    // Buffers of the reading thread. On the stack they would be most of what malloc needs.
    Line line_{};
    std::array<char, 256> piece_{};
    alignas(4) std::array<unsigned char, 256> notes_{};
};

} // namespace ashlar::observe
