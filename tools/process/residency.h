// SPDX-License-Identifier: MIT
// The pages of a process that hold memory (/proc/PID/pagemap).
#pragma once

#include "machine/descriptor.h"
#include "process/files.h"
#include "process/smaps.h"

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace ashlar::process {

// Neighbouring pages in the same state.
struct PageSpan {
    Address begin = 0;
    Address end = 0;
    bool is_present = false; // counted in RSS
    bool is_swapped = false;
    bool is_huge = false; // part of a huge page; known only if Residency::knows_huge()

    std::uint64_t size() const { return end - begin; }
};

class Residency {
  public:
    // Opens the file. open() is false if the kernel does not permit it, and the reason is in errno.
    explicit Residency(const Files& process);

    bool open() const { return file_.open(); }
    // Returns true if the kernel scans page tables itself (Linux 6.7 and later). Older kernels need a read of
    // 8 bytes per page and do not show huge pages. There, the shared page of zeros looks like memory.
    bool knows_huge() const { return scans_; }

    // Returns the present or swapped pages of an interval, in order of address. Nothing if the process has
    // ended.
    std::optional<std::vector<PageSpan>> spans(Address begin, Address end) const;

  private:
    std::optional<std::vector<PageSpan>> scan(Address begin, Address end) const;
    std::optional<std::vector<PageSpan>> read(Address begin, Address end) const;

    machine::Descriptor file_;
    bool scans_ = false;
};

// Decodes entries of the file for the pages from `begin` on, and appends them to `spans`.
void append_entries(std::span<const std::uint64_t> entries, Address begin, std::uint64_t page_size,
                    std::vector<PageSpan>& spans);

} // namespace ashlar::process
