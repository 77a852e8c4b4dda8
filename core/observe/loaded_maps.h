// SPDX-License-Identifier: MIT
//
// The executable mappings of the process, as records for the profiler's file: a stack means something only
// together with what was loaded where.
//
// Read from /proc/self/maps, and the build id from the file that is mapped. Memory is not read: another
// thread may unmap it. Nor are the loader's lists, which are under its lock. Takes no lock of its own: one
// thread at a time reads, others do without. No allocation; a stack of 1 KiB.
#pragma once

#include "observe/record_file.h"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace ashlar::observe {

class LoadedMaps {
  public:
    // Appends what is new since the last time.
    void record(RecordFile& file);
    // All is new, and nobody reads: a file begins, or a forked child.
    void forget() {
        count_.store(0, std::memory_order_relaxed);
        reading_.store(false, std::memory_order_relaxed);
    }
    // The address lies in a mapping that was there the last time.
    bool knows(std::uintptr_t address) const;

  private:
    struct Known {
        std::atomic<std::uintptr_t> begin;
        std::atomic<std::uintptr_t> end;
        std::atomic<std::uint64_t> inode;
    };
    // Of /proc/self/maps.
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
        const char* path; // of which the rest of the text is

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
    // Of whoever reads: these would be most of what malloc needs of a thread's stack.
    Line line_{};
    std::array<char, 256> piece_{};
    alignas(4) std::array<unsigned char, 256> notes_{};
};

} // namespace ashlar::observe
