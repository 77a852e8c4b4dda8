// SPDX-License-Identifier: MIT
#include "profile/heaptrack_file.h"
#include "profile/heaptrack_summary.h"
#include "report/profile/text.h"

#include <catch2/catch.hpp>
#include <random>

using namespace ashlar::profile;
using Catch::Matchers::Contains;

namespace {

// Output of heaptrack_print 1.4, with fewer stacks.
constexpr const char* kExample =
    R"(reading file "heaptrack.subject.zst" - please wait, this might take some time...
Debuggee command was: /usr/bin/subject --fast
finished reading file, now analyzing data:

MOST CALLS TO ALLOCATION FUNCTIONS
1000 calls to allocation functions with 500B peak consumption from
  format_reply()
    at /src/reply.cc:5
    in /usr/bin/subject
  main
    at /src/main.cc:6
    in /usr/bin/subject

101 calls to allocation functions with 1.07M peak consumption from
  std::vector<int, std::allocator<int> >::reserve(unsigned long)
    at /usr/include/c++/12/bits/stl_vector.h:77
    in /usr/bin/subject
  load_table(int)
    at /src/table.cc:42
  main
    at /src/main.cc:7
    in /usr/bin/subject

1 calls to allocation functions with 0B peak consumption from
  ??


PEAK MEMORY CONSUMERS
1.07M peak memory consumed over 101 calls from
  std::vector<int, std::allocator<int> >::reserve(unsigned long)
    at /usr/include/c++/12/bits/stl_vector.h:77
    in /usr/bin/subject
  load_table(int)
    at /src/table.cc:42
  main
    at /src/main.cc:7
    in /usr/bin/subject

500B peak memory consumed over 1000 calls from
  format_reply()
    at /src/reply.cc:5
    in /usr/bin/subject
  main
    at /src/main.cc:6
    in /usr/bin/subject


MEMORY LEAKS
72.70K leaked over 1 calls from
  0x7f4d7dea57b9
    in ??


MOST TEMPORARY ALLOCATIONS
999 temporary allocations of 1000 allocations in total (99.90%) from
  format_reply()
    at /src/reply.cc:5
    in /usr/bin/subject
  main
    at /src/main.cc:6
    in /usr/bin/subject


total runtime: 1.25s.
calls to allocation functions: 1102 (881/s)
temporary memory allocations: 999 (799/s)
peak heap memory consumption: 1.07M
peak RSS (including heaptrack overhead): 4.48M
total memory leaked: 72.70K
)";

} // namespace

TEST_CASE("heaptrack: what heaptrack_print wrote is read") {
    const HeaptrackProfile profile = parse_heaptrack_text(kExample);
    CHECK(profile.program == "/usr/bin/subject");
    CHECK(profile.seconds == 1.25);
    REQUIRE(profile.allocated.size() == 3);
    CHECK(profile.allocated[0].calls == 1000);
    CHECK(profile.allocated[2].frames.empty());
    REQUIRE(profile.peak.size() == 2);
    CHECK(profile.peak[0].bytes == Approx(1'070'000));
    CHECK(profile.peak[0].calls == 101);
    REQUIRE(profile.leaks.size() == 1);
    CHECK(profile.leaks[0].bytes == Approx(72'700));
    CHECK(profile.leaks[0].frames.at(0) == Frame{.function = "0x7f4d7dea57b9"});
    REQUIRE(profile.temporary.size() == 1);
    CHECK(profile.temporary[0].calls == 999);
    const std::vector<Frame>& frames = profile.peak[0].frames;
    REQUIRE(frames.size() == 3);
    CHECK(frames[0].inlined);
    CHECK(frames[1] ==
          Frame{.function = "load_table(int)", .file = "/src/table.cc", .line = 42, .object = "subject"});
    CHECK(frames[2].function == "main");
}

TEST_CASE("heaptrack: views, and those that it does not have") {
    Frames frames;
    const Summary summary = summarise(parse_heaptrack_text(kExample), frames);
    CHECK(knows(summary.recording, View::kPeak));
    CHECK_FALSE(knows(summary.recording, View::kAllocated));
    const ViewSummary& peak = summary.at(View::kPeak);
    REQUIRE(peak.sites.size() == 2);
    CHECK(frames[peak.sites[0].frame].function == "load_table(int)"); // not the container
    CHECK(peak.total.bytes.value == Approx(1'070'500));
    CHECK(summary.at(View::kAllocated).total.blocks.value == 1102);
    const std::string text = ashlar::report::profile::profile_text(summary, frames, {});
    CHECK_THAT(text, Contains("subject (recorded by heaptrack), 1.25 s"));
    CHECK_THAT(text, Contains("999 blocks: freed before the next one was allocated"));
    CHECK_THAT(text, !Contains("nan"));
    SummarySettings settings;
    settings.filter.ignore = std::regex("load_table");
    CHECK(summarise(parse_heaptrack_text(kExample), frames, settings).at(View::kPeak).total.bytes.value ==
          500);
}

TEST_CASE("heaptrack: text that is cut, damaged or somebody else's") {
    CHECK(parse_heaptrack_text("").allocated.empty());
    CHECK(parse_heaptrack_text("  main\n    at x:1\n calls from\n").allocated.empty());
    const std::string whole = kExample;
    const unsigned seed = std::random_device()();
    std::mt19937 random(seed);
    CAPTURE(seed);
    for (int round = 0; round < 500; ++round) {
        std::string text = whole.substr(0, 1 + random() % whole.size());
        text[random() % text.size()] = static_cast<char>(random());
        Frames frames;
        const Summary summary = summarise(parse_heaptrack_text(text), frames);
        CHECK(summary.at(View::kPeak).total.bytes.value >= 0);
    }
}
