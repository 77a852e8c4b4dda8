// SPDX-License-Identifier: MIT
#include "process/residency.h"
#include "process/smaps.h"

#include <array>
#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>
#include <string>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace ashlar::process;

TEST_CASE("entries of the file become spans") {
    constexpr std::uint64_t kPresent = std::uint64_t{1} << 63;
    constexpr std::uint64_t kSwapped = std::uint64_t{1} << 62;
    constexpr std::uint64_t kPage = 4096;
    const std::array entries{kPresent | 7, kPresent, std::uint64_t{0}, kSwapped | 9, kSwapped, kPresent};
    std::vector<PageSpan> spans;
    append_entries(entries, 0x10000, kPage, spans);
    REQUIRE(spans.size() == 3);
    CHECK(spans[0].begin == 0x10000);
    CHECK(spans[0].end == 0x12000);
    CHECK(spans[0].is_present);
    CHECK(spans[1].begin == 0x13000);
    CHECK(spans[1].end == 0x15000);
    CHECK(spans[1].is_swapped);
    CHECK_FALSE(spans[1].is_present);
    CHECK(spans[2].size() == kPage);
    append_entries(std::array{kPresent}, 0x16000, kPage, spans); // continues the previous span
    REQUIRE(spans.size() == 3);
    CHECK(spans[2].size() == 2 * kPage);
}

namespace {

// Returns the resident bytes of this process's mapping at the address.
std::uint64_t resident_bytes(Address address) {
    std::ifstream file("/proc/self/smaps");
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    const std::vector<Mapping> mappings = parse_mappings(text);
    const Mapping* const mapping = mapping_at(mappings, address);
    REQUIRE(mapping != nullptr);
    return mapping->rss;
}

} // namespace

TEST_CASE("touched pages are present, others are not") {
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    constexpr std::size_t kPages = 8;
    auto* const memory = static_cast<volatile char*>(
        mmap(nullptr, kPages * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    REQUIRE(memory != MAP_FAILED);
    madvise(const_cast<char*>(memory), kPages * page, MADV_NOHUGEPAGE);
    for (const std::size_t index : {1U, 2U, 6U}) {
        memory[index * page] = 1;
    }
    const Residency residency{Files(getpid())};
    REQUIRE(residency.open());
    const auto start = reinterpret_cast<Address>(memory);
    if (residency.knows_huge()) {
        static_cast<void>(memory[4 * page]);     // the kernel's zero page does not count
        if (resident_bytes(start) != 3 * page) { // some kernels allocate memory for reads
            madvise(const_cast<char*>(memory + 4 * page), page, MADV_DONTNEED);
        }
    }
    const auto spans = residency.spans(start, start + kPages * page);
    REQUIRE(spans);
    REQUIRE(spans->size() == 2);
    CHECK((*spans)[0].begin == start + page);
    CHECK((*spans)[0].end == start + 3 * page);
    CHECK((*spans)[0].is_present);
    CHECK((*spans)[1].begin == start + 6 * page);
    CHECK((*spans)[1].size() == page);
    CHECK(residency.spans(start, start)->empty());
    munmap(const_cast<char*>(memory), kPages * page);
}

TEST_CASE("a process that has ended has no pages") {
    const pid_t child = fork();
    if (child == 0) {
        pause();
        _exit(0);
    }
    const Files files(child);
    const Residency residency(files);
    REQUIRE(residency.open());
    CHECK(files.is_alive());
    REQUIRE(kill(child, SIGKILL) == 0);
    waitpid(child, nullptr, 0);
    CHECK_FALSE(residency.spans(0x10000, 0x7f0000000000));
    CHECK_FALSE(files.is_alive());
    CHECK_FALSE(files.read("smaps"));
    CHECK_FALSE(Residency(files).open());
}
