// SPDX-License-Identifier: MIT
#include "observe/byte_text.h"
#include "observe/verdict.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>

using namespace ashlar::observe;

namespace {

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;

Evidence evidence(std::initializer_list<std::pair<Part, std::uint64_t>> parts) {
    Evidence result{.process = 12};
    for (const auto& [part, mebibytes] : parts) {
        result.ledger[part] = mebibytes * kMiB;
    }
    result.ledger.rss = result.ledger.sum();
    return result;
}

Verdict verdict_of(std::initializer_list<std::pair<Part, std::uint64_t>> parts) {
    const Judgement judgement = judge(evidence(parts));
    CHECK_FALSE(judgement.sentence.empty());
    CHECK_FALSE(judgement.advice.empty());
    return judgement.verdict;
}

} // namespace

TEST_CASE("what makes more than half of the memory gives the verdict") {
    CHECK(verdict_of({{Part::kLive, 60}, {Part::kFiles, 40}}) == Verdict::kInUse);
    CHECK(verdict_of({{Part::kDirty, 60}, {Part::kLive, 40}}) == Verdict::kRetained);
    CHECK(verdict_of({{Part::kDirty, 30}, {Part::kCached, 30}, {Part::kLive, 40}}) == Verdict::kRetained);
    CHECK(verdict_of({{Part::kFreeInSlabs, 60}, {Part::kLive, 40}}) == Verdict::kFragmented);
    CHECK(verdict_of({{Part::kHugeExcess, 60}, {Part::kLive, 40}}) == Verdict::kHugePages);
    CHECK(verdict_of({{Part::kStacks, 30}, {Part::kFiles, 30}, {Part::kLive, 40}}) == Verdict::kNotHeap);
    CHECK(verdict_of({{Part::kLazy, 60}, {Part::kLive, 40}}) == Verdict::kNotHeap);
    CHECK(verdict_of({{Part::kShared, 60}, {Part::kLive, 40}}) == Verdict::kNotHeap);
    CHECK(verdict_of({{Part::kOther, 60}, {Part::kLive, 40}}) == Verdict::kNotHeap);
    CHECK(verdict_of({{Part::kLive, 40}, {Part::kOther, 40}, {Part::kDirty, 20}}) == Verdict::kUndecided);
    CHECK(verdict_of({{Part::kLive, 50}, {Part::kOther, 50}}) == Verdict::kUndecided);
    CHECK(verdict_of({}) == Verdict::kUndecided);
    Evidence unsplit = evidence({{Part::kHeap, 90}, {Part::kFiles, 10}});
    unsplit.is_heap_split = false;
    CHECK(judge(unsplit).verdict == Verdict::kUndecided);
    CHECK(judge(unsplit).sentence.find("could not be read") != std::string::npos);
}

TEST_CASE("growth comes before everything else") {
    Evidence growing = evidence({{Part::kFiles, 90}, {Part::kLive, 10}});
    for (std::uint64_t index = 0; index < kReadings; ++index) {
        growing.live.push_back(8 * kMiB + index * kMiB / 8);
    }
    growing.seconds = 2;
    growing.growing_size = 112;
    CHECK(judge(growing).verdict == Verdict::kLeak);
    CHECK(judge(growing).sentence.find("2.0 MiB in 2 s, most of it in blocks of 112 bytes") !=
          std::string::npos);
    std::reverse(growing.live.begin(), growing.live.end());
    CHECK(judge(growing).verdict == Verdict::kNotHeap);
}

TEST_CASE("a cache has grown and then stays; what is as large all the time is in use") {
    const auto judged = [](const std::vector<std::uint64_t>& kibibytes) {
        Evidence watched = evidence({{Part::kLive, 90}, {Part::kFiles, 10}});
        for (const std::uint64_t each : kibibytes) {
            watched.live.push_back(each << 10);
        }
        watched.seconds = 2;
        return judge(watched);
    };
    std::vector<std::uint64_t> filled;
    for (std::uint64_t index = 0; index < kReadings; ++index) {
        filled.push_back(10'000 + 1'000 * std::min<std::uint64_t>(index, 8));
    }
    CHECK(judged(filled).verdict == Verdict::kCache);
    CHECK(judged(filled).sentence.find("grew by 7.8 MiB in 2 s, but no more at the end") !=
          std::string::npos);
    CHECK(judged(std::vector<std::uint64_t>(kReadings, 10'000)).verdict == Verdict::kInUse);
    std::vector<std::uint64_t> sways(kReadings, 10'000);
    for (std::size_t index = 0; index < sways.size(); index += 2) {
        sways[index] += 300;
    }
    CHECK(judged(sways).verdict == Verdict::kInUse);
    std::reverse(filled.begin(), filled.end());
    CHECK(judged(filled).verdict == Verdict::kInUse);
    for (const Verdict verdict : {Verdict::kInUse, Verdict::kRetained, Verdict::kFragmented}) {
        CHECK(std::string(verdict_name(verdict)).find("cache") == std::string::npos);
    }
}

TEST_CASE("a leak is suspected from enough readings over enough time only") {
    Evidence evidence_of_two = evidence({{Part::kLive, 90}, {Part::kFiles, 10}});
    evidence_of_two.live = {8 * kMiB, 10 * kMiB};
    evidence_of_two.seconds = 60;
    CHECK(judge(evidence_of_two).verdict == Verdict::kInUse);
    Evidence brief = evidence({{Part::kLive, 90}, {Part::kFiles, 10}});
    for (std::uint64_t index = 0; index < kReadings; ++index) {
        brief.live.push_back((8 + index) * kMiB);
    }
    brief.seconds = 0.01;
    CHECK(judge(brief).verdict == Verdict::kInUse);
    CHECK(judge(brief).sentence.find("cannot be told within 0.01 s") != std::string::npos);
    brief.seconds = kShortest;
    CHECK(judge(brief).verdict == Verdict::kLeak);
}

TEST_CASE("the change since an earlier reading is told, and is no leak") {
    Evidence compared = evidence({{Part::kLive, 90}, {Part::kFiles, 10}});
    compared.since = Change{.bytes = 2 * kMiB, .seconds = 3600, .growing_size = 112};
    const Judgement judgement = judge(compared);
    CHECK(judgement.verdict == Verdict::kInUse);
    CHECK(
        judgement.sentence.find("grew by 2.0 MiB in 3600 s, since the earlier reading, most of it in blocks "
                                "of 112 bytes") != std::string::npos);
    CHECK(judgement.sentence.find("grew steadily") == std::string::npos);
    compared.since->seconds = 0.25;
    CHECK(judge(compared).sentence.find("in 0.25 s, since") != std::string::npos);
    compared.since->seconds = 3600;
    compared.since->bytes = -static_cast<std::int64_t>(kMiB);
    CHECK(judge(compared).sentence.find("shrank by 1.0 MiB") != std::string::npos);
    compared.since->bytes = 0;
    CHECK(judge(compared).sentence.find("as large as it was") != std::string::npos);
}

TEST_CASE("the advice depends on what keeps the memory") {
    Evidence retained = evidence({{Part::kDirty, 90}, {Part::kLive, 10}});
    CHECK(judge(retained).advice.find("dirty_limit") != std::string::npos);
    retained.is_idle = true;
    CHECK(judge(retained).advice.find("background") != std::string::npos);
    CHECK(judge(evidence({{Part::kCached, 90}})).advice.find("thread_cache") != std::string::npos);
    Evidence fragmented = evidence({{Part::kFreeInSlabs, 90}});
    CHECK(judge(fragmented).advice.find("live block") != std::string::npos);
    fragmented.ledger.unused = 80 * kMiB;
    CHECK(judge(fragmented).advice.find("malloc_trim") != std::string::npos);
}

TEST_CASE("only steady growth is growth") {
    using Live = std::vector<std::uint64_t>;
    const auto of = [](int count, auto value) {
        Live live;
        for (int index = 0; index < count; ++index) {
            live.push_back(static_cast<std::uint64_t>(value(index)));
        }
        return live;
    };
    CHECK_FALSE(grows({}));
    CHECK_FALSE(grows({5 * kMiB}));
    CHECK_FALSE(grows({5 * kMiB, 6 * kMiB}));                               // two points show no trend
    CHECK_FALSE(grows(of(17, [](int index) { return 1e8 + index * 60; }))); // blocks in transit vary as much
    CHECK(grows(of(17, [](int index) { return 1e8 + index * 1e5; })));
    CHECK_FALSE(grows(of(17, [](int) { return 1e8; })));
    CHECK_FALSE(grows(of(17, [](int index) { return 1e8 - index * 1e5; })));
    // Oscillation with and without growth.
    CHECK(grows(of(17, [](int index) { return 1e8 + index * 1e6 + index % 2 * 5e5; })));
    CHECK_FALSE(grows(of(17, [](int index) { return 1e8 + index % 5 * 1e6; })));
    // One early rise, as of a cache that fills up.
    CHECK_FALSE(grows(of(17, [](int index) { return index < 6 ? 1e8 + index * 1e6 : 1.06e8; })));
    CHECK_FALSE(grows(of(17, [](int index) { return index < 10 ? 1e8 + index * 1e6 : 1.1e8 - index; })));
}

TEST_CASE("chance does not look like growth") {
    std::mt19937 random(5); // NOLINT: the same each time
    std::normal_distribution<double> noise(1e8, 1e6);
    int grown = 0;
    for (int round = 0; round < 2000; ++round) {
        std::vector<std::uint64_t> live(17);
        for (std::uint64_t& each : live) {
            each = static_cast<std::uint64_t>(noise(random));
        }
        grown += grows(live) ? 1 : 0;
    }
    CHECK(grown <= 2);
}

TEST_CASE("bytes are told in the unit that fits") {
    CHECK(byte_text(0) == "0 B");
    CHECK(byte_text(1023) == "1023 B");
    CHECK(byte_text(1024) == "1.0 KiB");
    CHECK(byte_text(kMiB - 1) == "1.0 MiB");
    CHECK(byte_text(100 * kMiB) == "100.0 MiB");
    CHECK(byte_text(std::uint64_t{5} << 40) == "5.0 TiB");
    CHECK(byte_text(~std::uint64_t{0}) == "16777216.0 TiB");
}
