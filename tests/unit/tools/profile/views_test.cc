// SPDX-License-Identifier: MIT
#include "profile/read_recording.h"
#include "profile/views.h"
#include "profile_file.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <map>
#include <random>

using namespace ashlar::profile;
namespace format = ashlar::profile_format;

namespace {

// Returns bytes by stack number. The number equals the index if stacks are added from 1 on.
std::map<std::uint32_t, double> bytes_by_stack(const ViewResult& result) {
    std::map<std::uint32_t, double> bytes;
    for (const StackAmount& stack : result.stacks) {
        bytes[stack.stack] = stack.amount.bytes.value;
    }
    return bytes;
}

using Bytes = std::map<std::uint32_t, double>;

Recording example() {
    ProfileFile file;
    file.thread(1, "main");
    file.thread(2, "worker");
    for (std::uint32_t stack = 1; stack <= 4; ++stack) {
        file.stack(stack, {stack});
    }
    const auto early = file.allocate(1, 1, 1000);
    file.free(2, early);
    const auto large = file.allocate(3, 2, 50'000'000);
    file.allocate(4, 3, 3000, 1, 2); // never freed
    file.free(5, large);
    const auto pinning = file.allocate(6, 4, 16, 100);
    file.pinned(pinning, 60'000, 2.5);
    file.mark(8, format::Reason::kExit);
    return read_recording(file.write());
}

} // namespace

TEST_CASE("profile: each view has the blocks that it is about") {
    const Recording recording = example();
    CHECK(recording.seconds(peak_time(recording)) == Approx(4));
    CHECK(bytes_by_stack(evaluate(recording, View::kPeak)) == Bytes{{2, 50'000'000}, {3, 3000}});
    CHECK(bytes_by_stack(evaluate(recording, View::kLive)) == Bytes{{3, 3000}, {4, 1600}});
    CHECK(bytes_by_stack(evaluate(recording, View::kLeaks)) == Bytes{{3, 3000}, {4, 1600}});
    CHECK(bytes_by_stack(evaluate(recording, View::kAllocated)) ==
          Bytes{{1, 1000}, {2, 50'000'000}, {3, 3000}, {4, 1600}});
    CHECK(bytes_by_stack(evaluate(recording, View::kTemporary)) == Bytes{{1, 1000}, {2, 50'000'000}});
    CHECK(bytes_by_stack(evaluate(recording, View::kTemporary, {.temporary_within = 2000})) ==
          Bytes{{1, 1000}});
    const auto lifetime = bytes_by_stack(evaluate(recording, View::kLifetime));
    CHECK(lifetime.at(2) == Approx(100'000'000));
    CHECK(lifetime.at(3) == Approx(12'000));
    const ViewResult waste = evaluate(recording, View::kWaste);
    CHECK(bytes_by_stack(waste) == Bytes{{4, 60'000}});
    CHECK(median_age(waste.stacks[0].ages) == Approx(2.5));
}

TEST_CASE("profile: live at a moment, and of one thread") {
    const Recording recording = example();
    ViewSettings settings;
    settings.at = recording.start + 3'500'000'000;
    CHECK(bytes_by_stack(evaluate(recording, View::kLive, settings)) == Bytes{{2, 50'000'000}});
    settings = {};
    settings.threads = {2};
    CHECK(bytes_by_stack(evaluate(recording, View::kAllocated, settings)) == Bytes{{3, 3000}});
    const auto threads = by_thread(recording, View::kAllocated);
    REQUIRE(threads.size() == 2);
    CHECK(recording.threads[threads[0].thread].name == "main");
    CHECK(threads[1].amount.bytes.value == Approx(3000));
}

TEST_CASE("profile: sizes are counted by powers of two") {
    const std::vector<SizeRange> ranges = sizes(example());
    REQUIRE(ranges.size() == 4);
    CHECK(ranges[0].largest == 16);
    CHECK(ranges[0].amount.blocks.value == Approx(100));
    CHECK(ranges[1].largest == 1024);
    CHECK(ranges[3].largest == 67'108'864);
}

TEST_CASE("profile: nothing recorded is nothing, not a failure") {
    ProfileFile file;
    const Recording recording = read_recording(file.write());
    for (const View view : kViews) {
        CHECK(evaluate(recording, view).total.bytes.value == 0);
    }
    CHECK(peak_time(recording) == recording.end);
    CHECK(std::isnan(median_age({})));
}

TEST_CASE("profile: of a hundred estimates the intervals of about 95 hold the truth") {
    // Blocks of 1000 bytes. Each is sampled with the probability for a mean distance of 20 000 bytes.
    constexpr int kBlocks = 20'000;
    constexpr std::uint64_t kSize = 1000;
    const double probability = 1 - std::exp(-1000.0 / 20'000);
    int held = 0;
    double sum = 0;
    for (unsigned seed = 1; seed <= 100; ++seed) {
        std::mt19937 random(seed);
        std::bernoulli_distribution is_sampled(probability);
        ProfileFile file;
        file.stack(1, {1});
        for (int block = 0; block < kBlocks; ++block) {
            if (is_sampled(random)) {
                file.allocate(1, 1, kSize, 1 / probability);
            }
        }
        const ViewResult result = evaluate(read_recording(file.write()), View::kAllocated);
        held += result.total.blocks.interval().contains(kBlocks) ? 1 : 0;
        sum += result.total.bytes.value;
    }
    CHECK(held >= 89);
    CHECK(sum / 100 == Approx(1000.0 * kBlocks).epsilon(0.01));
}

// A service that allocates in bursts. Nine tenths of its bytes are sampled at distances of 8 MiB.
TEST_CASE("profile: intervals hold the truth as often where the distance of samples changes") {
    constexpr int kBlocks = 100'000;
    constexpr std::uint64_t kSize = 1000;
    int held = 0;
    for (unsigned seed = 1; seed <= 100; ++seed) {
        std::mt19937 random(seed);
        ProfileFile file;
        file.stack(1, {1});
        for (const auto& [blocks, distance] :
             {std::pair{kBlocks / 10, 512.0 * 1024}, {kBlocks / 10 * 9, 8 * 1024 * 1024.0}}) {
            const double probability = 1 - std::exp(-static_cast<double>(kSize) / distance);
            std::bernoulli_distribution is_sampled(probability);
            file.distance(static_cast<std::uint64_t>(distance));
            for (int block = 0; block < blocks; ++block) {
                if (is_sampled(random)) {
                    file.allocate(1, 1, kSize, 1 / probability);
                }
            }
        }
        const ViewResult result = evaluate(read_recording(file.write()), View::kAllocated);
        held += result.total.blocks.interval().contains(kBlocks) ? 1 : 0;
    }
    CHECK(held >= 93);
}
