// SPDX-License-Identifier: MIT
#include "profile/read_recording.h"
#include "profile/successors.h"
#include "profile/summary.h"
#include "profile_file.h"

#include <catch2/catch.hpp>

using namespace ashlar::profile;
namespace format = ashlar::profile_format;

namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;

// Begins the recording `seconds` later, and leaves it unfinished.
void begin(ProfileFile& file, std::uint64_t seconds) {
    file.header().state = format::State::kRecording;
    file.header().start_monotonic += seconds * kSecond;
    file.header().start_realtime += seconds * kSecond;
}

} // namespace

TEST_CASE("profile: a recording that a later one of its process replaced ends at its start, without leaks") {
    ProfileFile first;
    ProfileFile second;
    ProfileFile third;
    begin(first, 0);
    begin(second, 5);
    begin(third, 9);
    first.stack(1, {0x10});
    first.allocate(1, 1, 1000);
    Successors successors;
    for (ProfileFile* each : {&third, &first, &second}) {
        successors.add(each->write());
    }
    const auto read = [&](const ProfileFile& file) {
        Recording recording = read_recording(file.path());
        successors.end(recording);
        return recording;
    };
    CHECK(read(first).end == ProfileFile::kStart + 5 * kSecond);
    CHECK(read(first).ending == Ending::kReplaced);
    CHECK(read(second).end == ProfileFile::kStart + 9 * kSecond);
    CHECK(read(third).ending == Ending::kUnknown);

    Frames frames;
    ashlar::symbols::Symbolizer symbolizer;
    const Summary summary = summarise(read(first), symbolizer, frames);
    CHECK(summary.at(View::kPeak).total.bytes.value == 1000);
    CHECK(summary.at(View::kLeaks).total.samples == 0);
}

TEST_CASE("profile: other processes, other boots and recordings that are over have no successor") {
    ProfileFile first;
    ProfileFile second;
    begin(first, 0);
    begin(second, 5);
    SECTION("another process") {
        second.header().pid = 4712;
    }
    SECTION("another boot") {
        second.header().start_realtime += 60 * kSecond;
    }
    SECTION("it is over") {
        first.header().state = format::State::kStopped;
    }
    Successors successors;
    successors.add(first.write());
    successors.add(second.write());
    successors.add("/nonexistent");
    Recording recording = read_recording(first.path());
    successors.end(recording);
    CHECK(recording.ending == Ending::kUnknown);
}
