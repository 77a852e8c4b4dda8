// SPDX-License-Identifier: MIT
#include "profile/read_recording.h"
#include "profile_file.h"

#include <catch2/catch.hpp>
#include <random>
#include <set>

using namespace ashlar::profile;
using Catch::Matchers::Contains;
namespace format = ashlar::profile_format;

namespace {

void fill(ProfileFile& file) {
    file.map(0x1000, 0x2000, 0x400, "/usr/bin/subject", "id");
    file.thread(1, "main");
    file.stack(7, {0x1010, 0x1020, 0x9999});
    const auto one = file.allocate(0.5, 7, 100);
    file.allocate(1, 7, 200, 2.5);
    file.free(2, one);
    file.count_names({"live", "cached"});
    file.counts(2, {5, 6});
    file.pinned(2, 4000, 1.5);
    file.mark(3, format::Reason::kExit);
}

} // namespace

TEST_CASE("profile: a recording is read as it was written") {
    ProfileFile file;
    fill(file);
    file.header().reserved = file.bytes().size() | std::uint64_t{1} << 63; // set when a recording ended
    const Recording recording = read_recording(file.write());
    CHECK(recording.program == "/usr/bin/subject");
    CHECK(recording.pid == 4711);
    CHECK(recording.seconds(recording.end) == Approx(3));
    CHECK(recording.exited);
    CHECK(recording.unfinished == 0);
    CHECK(recording.damaged == 0);
    CHECK(recording.allocated == 600);
    REQUIRE(recording.samples.size() == 2);
    CHECK(recording.samples[0].size == 100);
    CHECK(recording.seconds(recording.samples[0].freed.value()) == Approx(2));
    CHECK(recording.samples[0].allocated_when_freed == 600);
    CHECK(recording.samples[1].bytes == Approx(500));
    CHECK(recording.samples[1].blocks == Approx(2.5));
    CHECK(recording.samples[1].pinned == 4000);
    CHECK(!recording.samples[1].freed);
    CHECK(recording.threads.at(recording.samples[0].thread).name == "main");
    const Stack& stack = recording.stacks.at(recording.samples[0].stack);
    REQUIRE(stack.size() == 3);
    CHECK(stack[0].offset == 0x410);
    CHECK(recording.objects.at(stack[0].object).path == "/usr/bin/subject");
    CHECK(recording.objects.at(stack[0].object).build_id == "id");
    CHECK(stack[2].object == kNoObject);
    CHECK(recording.count_names == std::vector<std::string>{"live", "cached"});
    REQUIRE(recording.counts.size() == 1);
    CHECK(recording.counts[0].values == std::vector<std::uint64_t>{5, 6});
}

TEST_CASE("profile: a stack belongs to what was mapped when it was recorded") {
    ProfileFile file;
    file.map(0x1000, 0x3000, 0, "first.so");
    file.stack(1, {0x2500});
    file.map(0x2000, 0x4000, 0x100, "second.so");
    file.stack(2, {0x2500, 0x1500});
    const Recording recording = read_recording(file.write());
    CHECK(recording.objects.at(recording.stacks[1][0].object).path == "first.so");
    CHECK(recording.objects.at(recording.stacks[2][0].object).path == "second.so");
    CHECK(recording.stacks[2][0].offset == 0x600);
    CHECK(recording.stacks[2][1].object == kNoObject); // the first map was replaced completely
}

TEST_CASE("profile: files that are no profiles are refused with a reason") {
    ProfileFile file;
    fill(file);
    SECTION("another version") {
        file.header().version = format::kVersion + 1;
        CHECK_THROWS_WITH(read_recording(file.write()), Contains("is of version 2"));
    }
    SECTION("something else") {
        file.header().magic[0] = 'X';
        CHECK_THROWS_WITH(read_recording(file.write()), Contains("is no profile of Ashlar"));
    }
    SECTION("cut within the header") {
        file.write();
        std::filesystem::resize_file(file.path(), 100);
        CHECK_THROWS_WITH(read_recording(file.path()), Contains("cut off"));
    }
    SECTION("empty") {
        std::filesystem::resize_file(file.path(), 0);
        CHECK_THROWS_WITH(read_recording(file.path()), Contains("is empty"));
    }
    SECTION("none") {
        CHECK_THROWS_WITH(read_recording("/nonexistent/profile"), Contains("No such file"));
        CHECK_THROWS_WITH(read_recording("/"), Contains("no file"));
    }
}

TEST_CASE("profile: what a killed writer left open is stepped over") {
    ProfileFile file;
    fill(file);
    // Reserved bytes that were never written, then a head without its payload.
    file.bytes().append(48, '\0');
    const format::RecordHead head{
        .size = 88, .kind = format::Kind::kUnfinished, .flags = 0, .checksum = 0, .zero = 0};
    file.bytes().append(reinterpret_cast<const char*>(&head), 16).append(72, '\0');
    file.allocate(4, 7, 300);
    const Recording recording = read_recording(file.write());
    CHECK(recording.samples.size() == 3);
    CHECK(recording.unfinished == 1); // adjacent holes are one
    CHECK(recording.damaged == 0);
}

TEST_CASE("profile: what was pinned is that of the last dump") {
    ProfileFile file;
    file.stack(1, {0x10});
    const auto freed = file.allocate(1, 1, 16);
    const auto kept = file.allocate(1, 1, 16);
    file.pinned(freed, 500, 1);
    file.pinned(kept, 600, 1);
    file.mark(2, format::Reason::kHighWater);
    file.free(3, freed);
    file.pinned(kept, 700, 2);
    SECTION("that was written to its end") {
        file.mark(4, format::Reason::kExit);
        const Recording recording = read_recording(file.write());
        CHECK(recording.samples[0].pinned < 0);
        CHECK(recording.samples[1].pinned == 700);
    }
    SECTION("or the one before") {
        const Recording recording = read_recording(file.write());
        CHECK(recording.samples[0].pinned == 500);
        CHECK(recording.samples[1].pinned == 600);
    }
}

TEST_CASE("profile: longer payloads and kinds of a newer library are read as far as they are known") {
    ProfileFile file;
    file.add(static_cast<format::Kind>(77), "something new");
    const format::Mark mark{.time = ProfileFile::kStart + 5,
                            .reason = format::Reason::kExit,
                            .zero = 0,
                            .live = 1,
                            .allocated = 2};
    file.add(format::Kind::kMark,
             std::string(reinterpret_cast<const char*>(&mark), sizeof mark) + "and more fields");
    const Recording recording = read_recording(file.write());
    CHECK(recording.exited);
    CHECK(recording.damaged + recording.unfinished == 0);
}

TEST_CASE("profile: whatever happens to a file, the records that are sound are read and no others") {
    const unsigned seed = std::random_device()();
    std::mt19937 random(seed);
    CAPTURE(seed);
    for (int round = 0; round < 300; ++round) {
        ProfileFile file;
        fill(file);
        for (unsigned more = 0; more < 40; ++more) {
            file.allocate(3 + more, 7, 1000 + more);
        }
        file.write();
        std::string bytes = file.bytes();
        const std::size_t begin =
            ProfileFile::kHeaderSize + random() % (bytes.size() - ProfileFile::kHeaderSize);
        const std::size_t end = std::min(bytes.size(), begin + 1 + random() % (round % 2 == 0 ? 8 : 400));
        switch (random() % 3) {
        case 0:
            for (std::size_t place = begin; place < end; ++place) {
                bytes[place] = static_cast<char>(random());
            }
            break;
        case 1:
            std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(begin),
                      bytes.begin() + static_cast<std::ptrdiff_t>(end), '\0');
            break;
        default:
            bytes.resize(begin);
        }
        const std::size_t sound_again = bytes.size() == begin ? file.bytes().size() : end;
        std::ofstream(file.path(), std::ios::binary) << bytes;

        const Recording recording = read_recording(file.path());
        std::set<std::uint64_t> read;
        for (const Sample& sample : recording.samples) {
            read.insert(sample.size);
        }
        // The last forty records are these samples.
        const std::size_t first = file.places.size() - 40;
        for (std::size_t index = 0; index < 40; ++index) {
            const std::size_t place = file.places[first + index];
            const std::size_t after = index == 39 ? file.bytes().size() : file.places[first + index + 1];
            if (after <= begin || place >= sound_again) {
                CHECK(read.count(1000 + index) == 1);
            }
        }
        for (const std::uint64_t size : read) {
            CHECK((size == 100 || size == 200 || (size >= 1000 && size < 1040)));
        }
    }
}

TEST_CASE("profile: samples of the processor are read as they were written") {
    ProfileFile file;
    fill(file);
    file.cpu_time(0, 0, 5000);
    file.cpu(1, 7, 5000);
    file.cpu(3.5, 7, 10'000, 1);
    file.cpu_time(4, 20'000, 5000);
    const Recording recording = read_recording(file.write());
    REQUIRE(recording.cpu_samples.size() == 2);
    CHECK(recording.cpu_samples[0].microseconds == 5000);
    CHECK(!recording.cpu_samples[0].in_allocator);
    CHECK(recording.cpu_samples[1].in_allocator);
    CHECK(recording.stacks.at(recording.cpu_samples[1].stack).size() == 3);
    CHECK(recording.threads.at(recording.cpu_samples[0].thread).name == "main");
    REQUIRE(recording.cpu_time);
    CHECK(recording.cpu_time->used == 20'000'000);
    CHECK(recording.cpu_time->microseconds == 5000);
    CHECK(recording.seconds(recording.end) == Approx(4));
}

TEST_CASE("profile: a recording without samples of the processor says so") {
    ProfileFile file;
    fill(file);
    CHECK(!read_recording(file.write()).cpu_time);
}
