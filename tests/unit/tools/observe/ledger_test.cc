// SPDX-License-Identifier: MIT
#include "observe/ledger.h"

#include <catch2/catch.hpp>

using namespace ashlar;
using namespace ashlar::observe;

namespace {

constexpr std::uint64_t kKiB = 1024;

const char* const kSmaps =
    "1000-9000 r-xp 0 0:0 7 /bin/x\nRss: 20 kB\n"
    "9000-a000 rw-p 0 0:0 7 /bin/x\nRss: 4 kB\nAnonymous: 4 kB\n"
    "b000-c000 rw-p 0 0:0 0 [heap]\nRss: 4 kB\n"
    "100000-200000 rw-p 0 0:0 0\nRss: 800 kB\nLazyFree: 100 kB\n"
    "200000-300000 rw-p 0 0:0 0 [anon:jit]\nRss: 900 kB\nAnonHugePages: 600 kB\n"
    "300000-301000 rw-s 0 0:0 9 /dev/shm/y\nRss: 40 kB\n"
    "160000000000-160000200000 rw-p 0 0:0 0\nRss: 2000 kB\nLazyFree: 40 kB\nSwap: 8 kB\n"
    "160000200000-160000300000 rw-p 0 0:0 0\nRss: 64 kB\n"
    "7ff000000000-7ff000021000 rw-p 0 0:0 0 [stack]\nRss: 12 kB\n"
    "7ff000030000-7ff000031000 r-xp 0 0:0 0 [vdso]\nRss: 4 kB\n";

struct Input {
    std::vector<process::Mapping> mappings = process::parse_mappings(kSmaps);
    std::vector<bool> stacks = {false, false, false, false, false, false, false, false, true, false};
    process::Status status;
};

} // namespace

TEST_CASE("the ledger of the mappings adds up, and takes the heap by its place") {
    const Input input;
    REQUIRE(input.mappings.size() == input.stacks.size());
    const Ledger ledger = ledger_of(input.status, input.mappings, input.stacks);
    CHECK(ledger.rss == (20 + 4 + 4 + 800 + 900 + 40 + 2000 + 64 + 12 + 4) * kKiB);
    CHECK(ledger.sum() == ledger.rss);
    CHECK(ledger[Part::kFiles] == 28 * kKiB);
    CHECK(ledger[Part::kShared] == 40 * kKiB);
    CHECK(ledger[Part::kStacks] == 12 * kKiB);
    CHECK(ledger[Part::kLazy] == 140 * kKiB);
    CHECK(ledger[Part::kOther] == (4 + 700 + 900) * kKiB);
    CHECK(ledger[Part::kHeap] == (1960 + 64) * kKiB);
    CHECK(ledger.heap() == ledger[Part::kHeap]);
    CHECK(ledger.swap == 8 * kKiB);
    CHECK(ledger.largest_other.name == "[anon:jit]");
    REQUIRE(ledger.with_huge_pages.size() == 1);
    CHECK(ledger.with_huge_pages[0].mapping.begin == 0x200000);
}

TEST_CASE("the heap's tables tell its parts apart") {
    const Input input;
    const HeapPlace place{.window = {.begin = 0x160000000000, .end = 0x160000200000},
                          .tables = {{.begin = 0x160000200000, .end = 0x160000280000}}};
    HeapReading reading;
    reading.classes = {{}, {.size = 64, .cached = 1600}};
    HeapMemory memory;
    memory.classes = {{}, {.blocks_present = 800 * kKiB, .blocks_absent = 800 * kKiB}};
    memory.blocks = 1000 * kKiB; // including large blocks
    memory.free_in_slabs = 400 * kKiB;
    memory.kept = 100 * kKiB;
    memory.dirty = 450 * kKiB;
    memory.clean_in_huge = 50 * kKiB;
    memory.metadata = 64 * kKiB;
    memory.unused = 12 * kKiB;
    Ledger ledger = ledger_of(input.status, input.mappings, input.stacks,
                              {.place = place, .reading = reading, .memory = memory});
    CHECK(ledger.sum() == ledger.rss);
    CHECK(ledger[Part::kHeap] == 0);
    CHECK(ledger[Part::kCached] == (50 + 100) * kKiB);     // half of the class is in memory
    CHECK(ledger[Part::kLive] == (1000 - 50 - 40) * kKiB); // 40 KiB of the blocks were released lazily
    CHECK(ledger[Part::kMetadata] == 64 * kKiB);
    CHECK(ledger.unused == 12 * kKiB);
    ledger.note_untouched(Part::kLive, 10 * kKiB);
    CHECK(ledger[Part::kHugeExcess] == 60 * kKiB);
    CHECK(ledger.sum() == ledger.rss);
    ledger.note_untouched(Part::kStacks, 100 * kKiB); // more than the stacks have
    CHECK(ledger[Part::kStacks] == 0);
    CHECK(ledger.sum() == ledger.rss);
}

TEST_CASE("without the mappings the status tells sums") {
    process::Status status;
    status.rss = 100 * kKiB;
    status.rss_anonymous = 60 * kKiB;
    status.rss_file = 30 * kKiB;
    status.rss_shared = 10 * kKiB;
    const Ledger ledger = ledger_of(status);
    CHECK(ledger.sum() == ledger.rss);
    CHECK(ledger[Part::kAnonymous] == 60 * kKiB);
}
