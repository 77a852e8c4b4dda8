// SPDX-License-Identifier: MIT
//
// The memory limit of this process's control group: the least along its path to the root. It is of version 1
// (memory.limit_in_bytes), version 2 (memory.max, memory.high), or both, whichever the system mounts.
//
// Reading it opens some files in /proc/self and in the hierarchies. That allocates nothing, keeps errno, is
// no cancellation point and takes little of the stack; it takes some twenty system calls, so hold no lock.
// Whatever cannot be read limits nothing.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ashlar::os {

inline constexpr std::size_t kNoMemoryLimit = ~std::size_t{0};

// A directory of a hierarchy, and which of its parents are in the hierarchy too.
struct ControlGroup {
    static constexpr std::size_t kLongest = 1024; // longer paths are cut to the mount point, or given up

    char text[kLongest];
    std::size_t length;      // 0: there is none
    std::size_t mount_point; // so much of it

    std::string_view path() const { return {text, length}; }
};

// Finds this process's groups in the lines of two files, first /proc/self/cgroup, then /proc/self/mountinfo.
// In a container the group's path may be seen from elsewhere than the mount: then it is the mount point.
class ControlGroups {
  public:
    void note_group(std::string_view line);
    void note_mount(std::string_view line);

    const ControlGroup& version1() const { return found_[0].directory; }
    const ControlGroup& version2() const { return found_[1].directory; }

  private:
    struct Found {
        ControlGroup group; // as the first file names it
        ControlGroup directory;
        bool exact; // the mount shows the group
    };
    Found found_[2];
};

// In bytes; not done if another thread is at it. `root` stands in front of every path, for tests.
struct LimitRead {
    bool done;
    std::size_t bytes;
};
LimitRead read_memory_limit(std::string_view root);

// The limit as last read, and when to read it again. That is when what it is to limit has grown large, has
// doubled since, and then every few seconds. A process that stays small never opens a file.
class MemoryLimit {
  public:
    constexpr explicit MemoryLimit(std::string_view root = {}) : root_(root) {}

    std::size_t bytes() const { return bytes_.load(std::memory_order_relaxed); }

    // These may read it. The clock counts only after the first reading.
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
