// SPDX-License-Identifier: MIT
#include "process/files.h"
#include "process/smaps.h"

#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <random>
#include <sys/mman.h>
#include <unistd.h>

using namespace ashlar::process;

namespace {

// Text of Linux 6.1, with a field of a future kernel.
constexpr const char* kText =
    R"(55f9f18da000-55f9f18dc000 r--p 00002000 fe:00 247134                     /usr/bin/a name
Size:                  8 kB
Rss:                   8 kB
Anonymous:             4 kB
VmFlags: rd mr mw me 
7f0000000000-7f0000800000 rw-p 00000000 00:00 0 
Size:               8192 kB
Rss:                4100 kB
Pss:                4100 kB
Anonymous:          4100 kB
LazyFree:             12 kB
AnonHugePages:      2048 kB
Swap:                 16 kB
SwapPss:              16 kB
Locked:                4 kB
FromTheFuture:       soon
VmFlags: rd wr mr mw me ac nh 
7fff00000000-7fff00021000 rw-s 00000000 00:01 5                          [stack]
Rss:                  20 kB
)";

} // namespace

TEST_CASE("mappings are read with what they hold") {
    const auto mappings = parse_mappings(kText);
    REQUIRE(mappings.size() == 3);
    CHECK(mappings[0].begin == 0x55f9f18da000);
    CHECK(mappings[0].end == 0x55f9f18dc000);
    CHECK(mappings[0].name == "/usr/bin/a name");
    CHECK(mappings[0].offset == 0x2000);
    CHECK(mappings[0].inode == 247134);
    CHECK(mappings[0].is_readable);
    CHECK_FALSE(mappings[0].is_writable);
    CHECK(mappings[0].anonymous == 4096);
    CHECK_FALSE(mappings[0].refuses_huge);
    CHECK(mappings[1].name.empty());
    CHECK_FALSE(mappings[1].has_file());
    CHECK(mappings[1].rss == 4100 * 1024);
    CHECK(mappings[1].lazy_free == 12 * 1024);
    CHECK(mappings[1].huge == 2048 * 1024);
    CHECK(mappings[1].swap == 16 * 1024);
    CHECK(mappings[1].locked == 4 * 1024);
    CHECK(mappings[1].refuses_huge);
    CHECK(mappings[2].is_shared);
    CHECK(mappings[2].rss == 20 * 1024);
}

TEST_CASE("an address leads to its mapping") {
    const auto mappings = parse_mappings(kText);
    CHECK(mapping_at(mappings, 0x55f9f18da000) == &mappings[0]);
    CHECK(mapping_at(mappings, 0x55f9f18dbfff) == &mappings[0]);
    CHECK(mapping_at(mappings, 0x55f9f18dc000) == nullptr);
    CHECK(mapping_at(mappings, 0x7f0000400000) == &mappings[1]);
    CHECK(mapping_at(mappings, 0) == nullptr);
    CHECK(mapping_at(mappings, ~Address{0}) == nullptr);
    CHECK(mapping_at({}, 5) == nullptr);
}

TEST_CASE("what is no mapping is left out, with the fields behind it") {
    CHECK(parse_mappings("").empty());
    CHECK(parse_mappings("\n\n:\n").empty());
    CHECK(parse_mappings("Rss: 8 kB\n").empty());
    for (const char* const bad :
         {"7f00-7e00 rw-p 0 0:0 0", "7f00-7f00 rw-p 0 0:0 0", "xyz-7f00 rw-p 0 0:0 0", "7f00 rw-p 0 0:0 0",
          "1000-2000 rwp 0 0:0 0", "1000-2000 rw-p", "1000-2000 rw-p 0 0:0 many", "1000-2000 rw-p g 0:0 0",
          "11112222333344445-2 rw-p 0 0:0 0"}) {
        INFO(bad);
        const auto mappings =
            parse_mappings("1000-2000 rw-p 0 0:0 0\nRss: 4 kB\n" + std::string(bad) + "\nRss: 8 kB\n");
        REQUIRE(mappings.size() == 1);
        CHECK(mappings[0].rss == 4096);
    }
    // A value that is invalid, or too large in bytes, is zero.
    for (const char* const bad :
         {"Rss: kB", "Rss: 4 MB", "Rss: 99999999999999999999 kB", "Rss: 18446744073709551615 kB"}) {
        INFO(bad);
        CHECK(parse_mappings("1000-2000 rw-p 0 0:0 0\n" + std::string(bad)).at(0).rss == 0);
    }
}

TEST_CASE("a text may end anywhere, and any byte in it may be another") {
    const std::string text = kText;
    for (std::size_t length = 0; length <= text.size(); ++length) {
        CHECK(parse_mappings(text.substr(0, length)).size() <= 3);
    }
    const auto seed = std::random_device()();
    INFO("seed " << seed);
    std::mt19937 random(seed);
    for (int round = 0; round < 2000; ++round) {
        std::string changed = text;
        for (int change = 0; change < 5; ++change) {
            changed[random() % changed.size()] = static_cast<char>(random());
        }
        for (const Mapping& mapping : parse_mappings(changed)) {
            CHECK(mapping.begin < mapping.end);
        }
    }
}

TEST_CASE("this process's own mappings are found") {
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    constexpr std::size_t kPages = 16;
    void* const memory =
        mmap(nullptr, kPages * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    REQUIRE(memory != MAP_FAILED);
    // The kernel would merge the mapping with an equal neighbour.
    REQUIRE(mprotect(memory, kPages * page, PROT_READ | PROT_WRITE | PROT_EXEC) == 0);
    for (std::size_t index = 0; index < 4; ++index) {
        static_cast<volatile char*>(memory)[index * page] = 1;
    }
    const auto text = Files(getpid()).read("smaps");
    REQUIRE(text);
    const auto mappings = parse_mappings(*text);
    const Mapping* const mine = mapping_at(mappings, reinterpret_cast<Address>(memory));
    REQUIRE(mine != nullptr);
    CHECK(mine->is_executable);
    CHECK(mine->rss >= 4 * page);
    CHECK(mine->anonymous == mine->rss);
    munmap(memory, kPages * page);
}
