// SPDX-License-Identifier: MIT
#include "profile/read_recording.h"
#include "profile/summary.h"
#include "profile_file.h"

#include <catch2/catch.hpp>

using namespace ashlar::profile;
namespace format = ashlar::profile_format;

namespace {

// Frames without symbols are named by their address, for example "0x10".
Summary read(ProfileFile& file, Frames& frames, const SummarySettings& settings = {}) {
    ashlar::symbols::Symbolizer symbolizer;
    return summarise(read_recording(file.write()), symbolizer, frames, settings);
}

std::vector<std::string> names_of(const std::vector<Site>& sites, const Frames& frames) {
    std::vector<std::string> names;
    for (const Site& site : sites) {
        names.push_back(frames[site.frame].function);
    }
    return names;
}

using Names = std::vector<std::string>;

void fill(ProfileFile& file) {
    file.thread(1, "main");
    file.thread(2, "worker");
    file.stack(1, {0x10, 0x20});
    file.stack(2, {0x11, 0x20});
    file.stack(3, {0x10, 0x30});
    file.allocate(1, 1, 1000);
    file.allocate(1, 2, 5000, 1, 2);
    file.allocate(2, 3, 3000);
}

} // namespace

TEST_CASE("profile: sites gather the stacks that end in them, the largest first") {
    ProfileFile file;
    fill(file);
    Frames frames;
    const Summary summary = read(file, frames);
    const ViewSummary& leaks = summary.at(View::kLeaks);
    CHECK(names_of(leaks.sites, frames) == Names{"0x11", "0x10"});
    CHECK(leaks.sites[1].amount.bytes.value == 4000);
    CHECK(leaks.sites[1].amount.samples == 2);
    REQUIRE(leaks.sites[1].example.size() == 2);
    CHECK(frames[leaks.sites[1].example[1]].function == "0x30"); // its larger stack
    CHECK(leaks.total.bytes.value == 9000);
}

TEST_CASE("profile: focus, ignore, thread and suppressions choose what counts") {
    ProfileFile file;
    fill(file);
    Frames frames;
    SummarySettings settings;
    settings.filter.focus = std::regex("0x20");
    CHECK(read(file, frames, settings).at(View::kAllocated).total.bytes.value == 6000);
    settings.filter.ignore = std::regex("0x11");
    CHECK(read(file, frames, settings).at(View::kAllocated).total.bytes.value == 1000);
    settings = {};
    settings.thread = "worker";
    CHECK(read(file, frames, settings).at(View::kAllocated).total.bytes.value == 5000);
    settings.thread = "1";
    CHECK(read(file, frames, settings).at(View::kAllocated).total.bytes.value == 4000);
    settings = {};
    settings.filter.suppressions = Suppressions("leak:^0x30$\n");
    const Summary summary = read(file, frames, settings);
    CHECK(summary.at(View::kLeaks).total.bytes.value == 6000);
    CHECK(summary.at(View::kLeaks).suppressed.bytes.value == 3000);
    CHECK(summary.at(View::kAllocated).total.bytes.value == 9000); // leaks only
}

TEST_CASE("profile: what is chosen is so in every table") {
    ProfileFile file;
    fill(file);
    file.free(2, 1);
    file.free(2, 3);
    Frames frames;
    SummarySettings settings;
    settings.filter.focus = std::regex("0x20");
    const Summary focused = read(file, frames, settings);
    CHECK(focused.frees.value == 1);
    double blocks = 0;
    for (const SizeRange& range : focused.sizes) {
        blocks += range.amount.blocks.value;
    }
    CHECK(blocks == 2);
    settings = {};
    settings.thread = "worker";
    const Summary worker = read(file, frames, settings);
    CHECK(worker.frees.value == 0);
    REQUIRE(worker.threads.size() == 1);
    CHECK(worker.threads[0].amount.bytes.value == 5000);
}

TEST_CASE("profile: differences are found by place and tell chance from change") {
    Frames frames;
    ProfileFile one;
    one.stack(1, {0x10});
    one.stack(2, {0x20});
    one.stack(3, {0x40});
    one.allocate(1, 1, 1000);
    one.allocate(1, 2, 1000, 2);
    one.allocate(1, 3, 700);
    const Summary before = read(one, frames);
    ProfileFile two;
    two.stack(1, {0x30}); // different numbers in a different order
    two.stack(2, {0x20});
    two.stack(3, {0x10});
    two.allocate(1, 1, 9000);
    two.allocate(1, 2, 1200, 2);
    two.allocate(1, 3, 1000);
    const Summary after = read(two, frames);
    const auto found =
        differences(before.at(View::kLeaks).stacks, after.at(View::kLeaks).stacks, frames, View::kLeaks);
    REQUIRE(found.size() == 4);
    CHECK(frames[found[0].frame].function == "0x30");
    CHECK(found[0].bytes() == 9000);
    CHECK(found[0].is_certain());
    CHECK(frames[found[1].frame].function == "0x40");
    CHECK(found[1].bytes() == -700);
    CHECK(frames[found[2].frame].function == "0x20");
    CHECK(found[2].bytes() == 400);
    CHECK(!found[2].is_certain());
    CHECK(found[3].bytes() == 0);
}

TEST_CASE("profile: the place of a block is the first function that is no plumbing") {
    Frames frames;
    const auto frame = [&](const char* function) { return frames.add({.function = function}); };
    const NamedStack stack{frame("operator new"), frame("std::vector<int>::reserve"), frame("load"),
                           frame("main")};
    CHECK(frames[site_of(stack, frames).value()].function == "load");
    CHECK(frames[site_of({frame("strdup"), frame("core::fmt")}, frames).value()].function == "strdup");
    CHECK(frames[site_of({frame("__GI___strdup"), frame("load")}, frames).value()].function == "load");
    CHECK(!site_of({}, frames));
    CHECK(words_for({.function = "load", .file = "/src/a.cc", .line = 4}) == "load at a.cc:4");
    CHECK(words_for({.function = "load", .object = "liba.so"}) == "load in liba.so");
    CHECK(words_for({.function = "liba.so+0x10", .object = "liba.so"}) == "liba.so+0x10");
}

TEST_CASE("profile: suppressions have LeakSanitizer's format") {
    Frames frames;
    const auto matches = [&](const char* text, const char* function, const char* object = "") {
        return Suppressions(text).match({frames.add({.function = function, .object = object})}, frames);
    };
    CHECK(matches("leak:load", "reload_all"));
    CHECK(!matches("leak:^load", "reload_all"));
    CHECK(matches("leak:^re*_all$", "reload_all"));
    CHECK(!matches("leak:load$", "reload_all"));
    CHECK(matches("# known\n\n  leak: libknown.so \r\nrace:other\n", "f", "libknown.so.6"));
    CHECK(!matches("race:load", "load"));
    CHECK(!matches("", "load"));
    CHECK(matches("leak:a*b*c", "xxaxbxbxcxx"));
    CHECK(!matches("leak:a*b*c$", "xxaxbxbxcxx"));
    CHECK(matches("", "_IO_file_doallocate"));
    CHECK(matches("", "__GI__IO_file_doallocate")); // with glibc's debug symbols
    CHECK(!matches("", "my__GI__IO_file_doallocate"));
    const auto object = [&](const char* name) { return frames.add({.function = name, .object = name}); };
    CHECK(Suppressions().match({object("libstdc++.so.6"), object("ld-linux-x86-64.so.2")}, frames));
    CHECK(!Suppressions().match(
        {object("libstdc++.so.6"), object("libmine.so"), object("ld-linux-x86-64.so.2")}, frames));
    CHECK(!Suppressions().match({object("libstdc++.so.6"), object("program")}, frames));
    CHECK_THROWS_WITH(Suppressions("leak:\n"), Catch::Contains("line 1"));
    CHECK_THROWS_WITH(Suppressions("leak:fine\nnonsense\n"), Catch::Contains("line 2: \"nonsense\""));
    CHECK_THROWS_WITH(read_suppressions("/nonexistent"), Catch::Contains("cannot read"));
}
