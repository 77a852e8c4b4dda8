// SPDX-License-Identifier: MIT
#include "process/residency.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>
#include <linux/ioctl.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace ashlar::process {

namespace {

// Bits of the file's entries (Documentation/admin-guide/mm/pagemap.rst).
constexpr std::uint64_t kPresent = std::uint64_t{1} << 63;
constexpr std::uint64_t kSwapped = std::uint64_t{1} << 62;

// The request PAGEMAP_SCAN of Linux 6.7. The headers of Debian 12 lack it.
struct ScanRequest {
    std::uint64_t size = sizeof(ScanRequest);
    std::uint64_t flags = 0;
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    std::uint64_t walk_end = 0; // out: where the kernel stopped
    std::uint64_t regions = 0;  // an address
    std::uint64_t regions_count = 0;
    std::uint64_t most_pages = 0;
    std::uint64_t inverted = 0; // bits of Category, as in the next three
    std::uint64_t all_of = 0;
    std::uint64_t any_of = 0;
    std::uint64_t wanted = 0;
};
struct Region {
    std::uint64_t begin;
    std::uint64_t end;
    std::uint64_t categories;
};
enum Category : std::uint64_t {
    kIsPresent = 1U << 3,
    kIsSwapped = 1U << 4,
    kIsSharedZero = 1U << 5, // the kernel's page of zeros, which is not counted in RSS
    kIsHuge = 1U << 6,
};
constexpr unsigned long kScan =
    _IOWR('f', 16, ScanRequest); // NOLINT(hicpp-signed-bitwise): the kernel's macro

void append(PageSpan span, std::vector<PageSpan>& spans) {
    if (!spans.empty()) {
        PageSpan& last = spans.back();
        if (last.end == span.begin && last.is_present == span.is_present &&
            last.is_swapped == span.is_swapped && last.is_huge == span.is_huge) {
            last.end = span.end;
            return;
        }
    }
    spans.push_back(span);
}

} // namespace

void append_entries(std::span<const std::uint64_t> entries, Address begin, std::uint64_t page_size,
                    std::vector<PageSpan>& spans) {
    for (std::size_t index = 0; index < entries.size(); ++index) {
        const std::uint64_t entry = entries[index];
        if ((entry & (kPresent | kSwapped)) != 0) {
            const Address page = begin + index * page_size;
            append({.begin = page,
                    .end = page + page_size,
                    .is_present = (entry & kPresent) != 0,
                    .is_swapped = (entry & kSwapped) != 0},
                   spans);
        }
    }
}

Residency::Residency(const Files& process) : file_(process.open("pagemap")) {
    if (file_.open()) {
        ScanRequest nothing; // an empty interval: tests whether the kernel knows the request
        Region region{};
        nothing.regions = reinterpret_cast<std::uint64_t>(&region);
        nothing.regions_count = 1;
        nothing.any_of = kIsPresent;
        nothing.wanted = kIsPresent;
        scans_ = ioctl(file_.number(), kScan, &nothing) >= 0;
    }
}

std::optional<std::vector<PageSpan>> Residency::spans(Address begin, Address end) const {
    return scans_ ? scan(begin, end) : read(begin, end);
}

std::optional<std::vector<PageSpan>> Residency::scan(Address begin, Address end) const {
    std::array<Region, 512> regions{};
    std::vector<PageSpan> spans;
    ScanRequest request;
    request.regions = reinterpret_cast<std::uint64_t>(regions.data());
    request.regions_count = regions.size();
    request.any_of = kIsPresent | kIsSwapped;
    request.wanted = kIsPresent | kIsSwapped | kIsSharedZero | kIsHuge;
    request.begin = begin;
    request.end = end;
    while (request.begin < end) {
        const int count = ioctl(file_.number(), kScan, &request);
        if (count < 0) {
            if (errno == EINTR) {
                continue;
            }
            return std::nullopt;
        }
        for (int index = 0; index < count; ++index) {
            const Region& region = regions[static_cast<std::size_t>(index)];
            const bool is_present = (region.categories & kIsPresent) != 0;
            if (!is_present || (region.categories & kIsSharedZero) == 0) {
                append({.begin = region.begin,
                        .end = region.end,
                        .is_present = is_present,
                        .is_swapped = (region.categories & kIsSwapped) != 0,
                        .is_huge = (region.categories & kIsHuge) != 0},
                       spans);
            }
        }
        if (request.walk_end <= request.begin) { // no progress: the process has no memory any more
            return std::nullopt;
        }
        request.begin = request.walk_end;
    }
    return spans;
}

std::optional<std::vector<PageSpan>> Residency::read(Address begin, Address end) const {
    const auto page_size = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
    std::vector<std::uint64_t> entries(4096);
    std::vector<PageSpan> spans;
    while (begin < end) {
        const std::size_t count = std::min<std::size_t>(entries.size(), (end - begin) / page_size);
        const std::uint64_t place = begin / page_size * sizeof(std::uint64_t);
        if (count == 0 || place > std::numeric_limits<off_t>::max()) {
            break;
        }
        const ssize_t length =
            pread(file_.number(), entries.data(), count * sizeof(std::uint64_t), static_cast<off_t>(place));
        if (length <= 0) {
            return std::nullopt; // the process has no memory any more
        }
        const std::size_t got = static_cast<std::size_t>(length) / sizeof(std::uint64_t);
        append_entries(std::span(entries).first(got), begin, page_size, spans);
        begin += got * page_size;
        if (got == 0) {
            return std::nullopt;
        }
    }
    return spans;
}

} // namespace ashlar::process
