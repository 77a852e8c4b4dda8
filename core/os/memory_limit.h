// SPDX-License-Identifier: MIT
//
// The memory limit of this process's control group: the least one along its path to the root. Control groups
// are of version 1 (memory.limit_in_bytes), version 2 (memory.max, memory.high), or both, as mounted.
//
// A reading opens some files in /proc/self and in the hierarchies. It allocates nothing, keeps errno, is no
// cancellation point and needs little stack. It makes some twenty system calls, so the caller holds no lock.
// Anything unreadable sets no limit.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ashlar::os {

inline constexpr std::size_t kNoMemoryLimit = ~std::size_t{0};

// The directory of a control group. Its first `mount_point` bytes are where the hierarchy is mounted.
struct ControlGroup {
    static constexpr std::size_t kLongest =
        1024; // bytes; a longer path is cut to the mount point, or ignored

    char text[kLongest];
    std::size_t length;      // 0: no directory
    std::size_t mount_point; // bytes of `text`

    std::string_view path() const { return {text, length}; }
};

// Finds this process's groups in the lines of /proc/self/cgroup first, then of /proc/self/mountinfo. In a
// container the mount may not show the group's path. Then the directory is the mount point.
class ControlGroups {
  public:
    void note_group(std::string_view line);
    void note_mount(std::string_view line);

    const ControlGroup& version1() const { return found_[0].directory; }
    const ControlGroup& version2() const { return found_[1].directory; }

  private:
    struct Found {
        ControlGroup group; // as /proc/self/cgroup names it
        ControlGroup directory;
        bool exact; // the mount shows the group
    };
    Found found_[2];
};

// Reads the limit in bytes. `done` is false if another thread is reading. Tests put `root` before all paths.
struct LimitRead {
    bool done;
    std::size_t bytes;
};
LimitRead read_memory_limit(std::string_view root);

// Keeps the limit that was read last, and decides when to read again. The first reading is at a size of 32
// MiB. Later ones are when the size has doubled, and every 5 s. A small process never opens a file.
class MemoryLimit {
  public:
    constexpr explicit MemoryLimit(std::string_view root = {}) : root_(root) {}

    std::size_t bytes() const { return bytes_.load(std::memory_order_relaxed); }

    // Note a size or the time, and may read the limit. The time has no effect before the first reading.
    void note_size(std::size_t size) {
        if (size >= next_size_.load(std::memory_order_relaxed)) [[unlikely]]
            grown(size);
    }
    void note_time(std::uint64_t milliseconds);

  private:
    static constexpr std::size_t kLargeSize = std::size_t{32} << 20;
    static constexpr std::uint64_t kMilliseconds = 5000;

    void grown(std::size_t size);
    void read();

    std::string_view root_;
    std::atomic<std::size_t> bytes_{kNoMemoryLimit};
    std::atomic<std::size_t> next_size_{kLargeSize};
    std::atomic<std::uint64_t> next_time_{0};
};

} // namespace ashlar::os
