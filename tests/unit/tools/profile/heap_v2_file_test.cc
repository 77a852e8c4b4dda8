// SPDX-License-Identifier: MIT
#include "profile/heap_v2_file.h"
#include "profile/read_recording.h"
#include "profile/views.h"
#include "profile_file.h"
#include "report/profile/formats.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <fstream>
#include <random>
#include <sstream>

using namespace ashlar::profile;
using Catch::Matchers::Contains;

namespace {

constexpr const char* kExample = R"(heap_v2/524288
  t*: 3: 1048704 [0: 0]
  t0: 3: 1048704 [0: 0]
@ 0x401010 0x401020 0x7f0000001000
  t*: 2: 1048576 [0: 0]
  t0: 2: 1048576 [0: 0]
@ 0x401030
  t*: 1: 128 [0: 0]
  t0: 1: 128 [0: 0]

MAPPED_LIBRARIES:
00400000-00401000 r--p 00000000 08:01 1234                               /usr/bin/program
00401000-00402000 r-xp 00001000 08:01 1234                               /usr/bin/program
7f0000000000-7f0000002000 r-xp 00022000 08:01 99                         /usr/lib/x86_64-linux-gnu/libc.so.6
7ffd00000000-7ffd00001000 rw-p 00000000 00:00 0                          [stack]
)";

} // namespace

TEST_CASE("heap_v2: what jemalloc wrote is read") {
    const Recording recording = parse_heap_v2(kExample);
    CHECK(recording.rate == 524'288);
    CHECK(recording.program == "/usr/bin/program");
    REQUIRE(recording.samples.size() == 3);
    CHECK(recording.samples[0].size == 524'288);
    CHECK(recording.samples[0].blocks == Approx(1.582).epsilon(0.001)); // 1 / (1 - 1/e)
    CHECK(recording.samples[2].bytes == Approx(524'352).epsilon(0.001));
    CHECK(evaluate(recording, View::kPeak).total.samples == 3);
    const Stack& stack = recording.stacks.at(recording.samples[0].stack);
    REQUIRE(stack.size() == 3);
    CHECK(stack[0].offset == 0x1010);
    CHECK(recording.objects.at(stack[2].object).path == "/usr/lib/x86_64-linux-gnu/libc.so.6");
    CHECK(stack[2].offset == 0x23000);
}

TEST_CASE("heap_v2: a file of jemalloc's is read to its end") {
    ProfileFile file; // supplies a file name
    std::ofstream(file.path()) << kExample;
    const Recording recording = read_recording(file.path());
    CHECK(recording.samples.size() == 3);
    CHECK(recording.objects.size() == 2);
    std::ofstream(file.path()) << "heap_v2/none\n";
    CHECK_THROWS_WITH(read_recording(file.path()), Contains(file.path().string()));
}

TEST_CASE("heap_v2: what is written is read again") {
    ProfileFile file;
    file.header().rate = 4096;
    file.map(0x1000, 0x9000, 0x100, "/usr/bin/program");
    file.stack(1, {0x1010, 0x1020});
    file.allocate(1, 1, 4096, 1.582);
    std::ostringstream out;
    ashlar::report::profile::write_heap_v2(out, read_recording(file.write()), View::kLeaks, {});
    const Recording again = parse_heap_v2(out.str());
    REQUIRE(again.samples.size() == 1);
    CHECK(again.samples[0].bytes == Approx(6480).epsilon(0.001));
    CHECK(again.stacks.at(1)[1].offset == 0x120);
}

TEST_CASE("heap_v2: of samples that were taken further apart readers get the same sums") {
    constexpr double kSize = 1000;
    constexpr std::uint64_t kRate = 4096;
    ProfileFile file;
    file.header().rate = kRate;
    file.map(0x1000, 0x9000, 0x100, "/usr/bin/program");
    file.stack(1, {0x1010, 0x1020});
    for (const std::uint64_t distance : {kRate, 16 * kRate, 1024 * kRate}) {
        file.distance(distance);
        for (int i = 0; i < 10; ++i)
            file.allocate(1, 1, static_cast<std::uint64_t>(kSize),
                          1 / -std::expm1(-kSize / static_cast<double>(distance)));
    }
    const Recording recording = read_recording(file.write());
    CHECK(recording.longest_distance == 1024 * kRate);
    CHECK(recording.samples[0].distance == kRate);
    CHECK(recording.samples[29].distance == 1024 * kRate);
    const Amount truth = evaluate(recording, View::kLeaks).total;
    std::ostringstream out;
    ashlar::report::profile::write_heap_v2(out, recording, View::kLeaks, {});
    const Amount again = evaluate(parse_heap_v2(out.str()), View::kLeaks).total;
    CHECK(again.bytes.value == Approx(truth.bytes.value).epsilon(0.001));
    CHECK(again.blocks.value == Approx(truth.blocks.value).epsilon(0.001));
}

TEST_CASE("heap_v2: files that are none, cut or damaged") {
    CHECK_THROWS_WITH(parse_heap_v2("heap_v2/x\n"), Contains("line 1"));
    CHECK_THROWS_WITH(parse_heap_v2("heap_v2/1\n@ 0x1\n  t*: many\n"), Contains("line 3"));
    CHECK_THROWS_WITH(parse_heap_v2("heap_v2/1\n@ 0x1\n  t*: 999999999999: 1 [0: 0]\n"),
                      Contains("more blocks"));
    const std::string whole = kExample;
    const unsigned seed = std::random_device()();
    std::mt19937 random(seed);
    CAPTURE(seed);
    for (int round = 0; round < 500; ++round) {
        std::string text = whole.substr(0, 1 + random() % whole.size());
        text[random() % text.size()] = static_cast<char>(random());
        try {
            parse_heap_v2(text);              // must not crash
        } catch (const std::runtime_error&) { // a message names the error
        }
    }
}
