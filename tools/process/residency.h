// SPDX-License-Identifier: MIT
// Which pages of a process hold memory: /proc/PID/pagemap.
#pragma once

#include "machine/descriptor.h"
#include "process/files.h"
#include "process/smaps.h"

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace ashlar::process {

// Neighbouring pages of which the same is true.
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
    // Not open() if the kernel does not permit it; the reason is in errno.
    explicit Residency(const Files& process);

    bool open() const { return file_.open(); }
    // The kernel scans page tables itself (Linux 6.7 and later). Before, one has to read 8 bytes for each
    // page, and huge pages are not told. A page that was only read (the shared page of zeros) passes for
    // memory.
    bool knows_huge() const { return scans_; }

    // The pages that are present or swapped in an interval, in order of address. Nothing if the process is
    // gone.
    std::optional<std::vector<PageSpan>> spans(Address begin, Address end) const;

  private:
    std::optional<std::vector<PageSpan>> scan(Address begin, Address end) const;
    std::optional<std::vector<PageSpan>> read(Address begin, Address end) const;

    machine::Descriptor file_;
    bool scans_ = false;
};

// What entries of the file say about the pages from `begin` on; appended to `spans`.
void append_entries(std::span<const std::uint64_t> entries, Address begin, std::uint64_t page_size,
                    std::vector<PageSpan>& spans);

} // namespace ashlar::process
