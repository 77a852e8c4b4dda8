// SPDX-License-Identifier: MIT
#include "profile/read_recording.h"
#include "profile/summary.h"
#include "profile_file.h"

#include <catch2/catch.hpp>

using namespace ashlar::profile;

namespace {

Summary read(ProfileFile& file, Frames& frames, const SummarySettings& settings = {}) {
    ashlar::symbols::Symbolizer symbolizer;
    return summarise(read_recording(file.write()), symbolizer, frames, settings);
}

// Fills the profile of a program that calls an allocator, at 0x50000, which calls the function at 0x60010.
void fill(ProfileFile& file) {
    file.map(0x50000, 0x51000, 0, "/nonexistent/libashlar.so");
    file.thread(1, "main");
    file.thread(2, "worker");
    file.stack(1, {0x10010, 0x20010});                   // the program alone
    file.stack(2, {0x50010, 0x50020, 0x30010, 0x20010}); // the allocator
    file.stack(3, {0x60010, 0x50030, 0x30010, 0x20010}); // a callee of the allocator
    file.stack(4, {0x30010, 0x20010});                   // an allocating caller, as in samples of memory
    file.allocate(0.1, 4, 64, 1000);
    file.cpu(1, 1, 5000);
    file.cpu(2, 1, 5000, 0, 2);
    file.cpu(3, 2, 15'000, 1);
    file.cpu(4, 3, 5000, 1);
    file.cpu_time(5, 40'000, 5000);
}

} // namespace

TEST_CASE("cpu: functions are where threads were and the allocator is part of them") {
    ProfileFile file;
    fill(file);
    Frames frames;
    const Summary summary = read(file, frames);
    const ViewSummary& all = summary.at(View::kCpu);
    CHECK(all.total.bytes.value == 30'000);
    CHECK(all.total.samples == 4);
    REQUIRE(all.sites.size() == 3);
    CHECK(frames[all.sites[0].frame].object == "libashlar.so");
    CHECK(all.sites[0].amount.bytes.value == 15'000);
    CHECK(frames[all.sites[1].frame].function == "0x10010");
    CHECK(all.sites[1].amount.bytes.value == 10'000);
    CHECK(all.sites[1].amount.samples == 2);
    CHECK(frames[all.sites[2].frame].function == "0x60010");
    REQUIRE(summary.cpu);
    CHECK(summary.cpu->used == 40'000);
    CHECK(summary.cpu->sampled == 30'000);
    CHECK(summary.cpu->period == 5000);
    CHECK(summary.shows(View::kCpu));
}

TEST_CASE("cpu: the allocator's time belongs to who called it and what it called to the allocator") {
    ProfileFile file;
    fill(file);
    Frames frames;
    const Summary summary = read(file, frames);
    const ViewSummary& calls = summary.at(View::kAllocationCpu);
    CHECK(calls.total.bytes.value == 20'000);
    REQUIRE(calls.sites.size() == 1);
    CHECK(frames[calls.sites[0].frame].function == "0x30010");
    REQUIRE(calls.sites[0].example.size() == 2);
    const auto count = calls_at(summary, calls.sites[0].frame);
    REQUIRE(count);
    CHECK(count->value == Approx(1000));
    CHECK(!calls_at(summary, summary.at(View::kCpu).sites[1].frame)); // never requested memory
    REQUIRE(summary.cpu->operations.size() == 1);
    CHECK(summary.cpu->operations[0].first == "others"); // without symbols
    CHECK(summary.cpu->operations[0].second.bytes.value == 20'000);
}

TEST_CASE("cpu: focus and ignore and thread choose samples by their whole stacks") {
    ProfileFile file;
    fill(file);
    Frames frames;
    SummarySettings settings;
    settings.filter.focus = std::regex("0x30010");
    const Summary focused = read(file, frames, settings);
    CHECK(focused.at(View::kCpu).total.bytes.value == 20'000);
    CHECK(focused.cpu->sampled == 30'000); // of the process, regardless of the focus
    settings.filter.focus = std::regex("libashlar");
    CHECK(read(file, frames, settings).at(View::kAllocationCpu).total.bytes.value == 20'000);
    settings.filter = {};
    settings.filter.ignore = std::regex("0x60010");
    CHECK(read(file, frames, settings).at(View::kAllocationCpu).total.bytes.value == 15'000);
    settings.filter = {};
    settings.thread = "worker";
    CHECK(read(file, frames, settings).at(View::kCpu).total.bytes.value == 5000);
}

TEST_CASE("cpu: what was not recorded or is not wanted has empty views") {
    ProfileFile file;
    fill(file);
    Frames frames;
    SummarySettings settings;
    settings.cpu = false;
    const Summary unwanted = read(file, frames, settings);
    CHECK(!unwanted.cpu);
    CHECK(!unwanted.shows(View::kCpu));
    CHECK(unwanted.at(View::kCpu).sites.empty());
    ProfileFile older;
    older.stack(1, {0x10});
    older.allocate(1, 1, 100);
    const Summary unknown = read(older, frames);
    CHECK(!unknown.cpu);
    CHECK(!knows(unknown.recording, View::kCpu));
    CHECK(unknown.at(View::kAllocationCpu).total.samples == 0);
}

TEST_CASE("cpu: figures vary no more than samples that come by chance") {
    ProfileFile file;
    file.thread(1, "main");
    file.stack(1, {0x10010});
    for (int sample = 0; sample < 100; ++sample) {
        file.cpu(sample, 1, 5000);
    }
    file.cpu_time(100, 500'000, 5000);
    Frames frames;
    const Figure figure = read(file, frames).at(View::kCpu).sites.at(0).amount.bytes;
    CHECK(figure.value == 500'000);
    CHECK(figure.standard_error() == Approx(50'000)); // ten samples of a hundred
}
