// SPDX-License-Identifier: MIT
#include "observe/verdict.h"

#include "observe/byte_text.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <numeric>

namespace ashlar::observe {

namespace {

double percent(std::uint64_t part, std::uint64_t whole) {
    return whole == 0 ? 0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

// Returns "63 % of the memory (1.2 GiB)".
std::string share(std::uint64_t part, const Ledger& ledger) {
    return fmt::format("{:.0f} % of the memory ({})", percent(part, ledger.rss), byte_text(part));
}

std::string of_blocks(std::uint64_t size) {
    return size == 0 ? "large blocks" : fmt::format("blocks of {} bytes", size);
}

constexpr std::array kOutside{Part::kStacks, Part::kFiles, Part::kShared, Part::kLazy, Part::kOther};

std::uint64_t outside(const Ledger& ledger) {
    return std::accumulate(kOutside.begin(), kOutside.end(), std::uint64_t{0},
                           [&](std::uint64_t sum, Part part) { return sum + ledger[part]; });
}

Judgement leak(const Evidence& evidence) {
    const std::uint64_t growth = evidence.live.back() - evidence.live.front();
    return {.verdict = Verdict::kLeak,
            .sentence = fmt::format("live memory grew steadily, by {} in {:.3g} s, most of it in {}",
                                    byte_text(growth), evidence.seconds, of_blocks(evidence.growing_size)),
            .advice =
                fmt::format("`ashlar stats {} --interval 60` shows whether it goes on: a cache that fills "
                            "stops, a leak does not",
                            evidence.process)};
}

bool is_watched(const Evidence& evidence) {
    return evidence.live.size() >= kReadings && evidence.seconds >= kShortest;
}

std::string about_growth(const Evidence& evidence) {
    if (is_watched(evidence)) {
        return fmt::format("it did not grow steadily in {:.3g} s", evidence.seconds);
    }
    if (!evidence.live.empty() && evidence.seconds > 0) {
        return fmt::format("whether it grows cannot be told within {:.3g} s", evidence.seconds);
    }
    return evidence.since ? "whether it grows steadily was not looked at (--diff)"
                          : "whether it grows cannot be told by one reading";
}

std::string words_for(const Change& change) {
    constexpr double kShort = 10; // seconds; shorter times are given with fractions
    const std::string since = change.seconds < kShort
                                  ? fmt::format("in {:.2g} s, since the earlier reading", change.seconds)
                                  : fmt::format("in {:.0f} s, since the earlier reading", change.seconds);
    if (change.bytes > 0) {
        return fmt::format("live memory grew by {} {}, most of it in {}",
                           byte_text(static_cast<std::uint64_t>(change.bytes)), since,
                           of_blocks(change.growing_size));
    }
    return change.bytes == 0 ? "live memory is as large as it was at the earlier reading"
                             : fmt::format("live memory shrank by {} {}",
                                           byte_text(static_cast<std::uint64_t>(-change.bytes)), since);
}

Judgement in_use(const Evidence& evidence) {
    const std::string live = fmt::format("{} is live: the program holds it, and ",
                                         share(evidence.ledger[Part::kLive], evidence.ledger));
    if (is_watched(evidence) && grew_and_stays(evidence.live)) {
        return {.verdict = Verdict::kCache,
                .sentence = live + fmt::format("it grew by {} in {:.3g} s, but no more at the end of that",
                                               byte_text(evidence.live.back() - evidence.live.front()),
                                               evidence.seconds),
                .advice = "a bound on what the program's caches keep"};
    }
    return {.verdict = Verdict::kInUse,
            .sentence = live + about_growth(evidence),
            .advice =
                fmt::format("less data, or data that the program frees sooner; `ashlar stats {} --interval "
                            "60` finds a leak that is slower",
                            evidence.process)};
}

Judgement retained(const Evidence& evidence) {
    const Ledger& ledger = evidence.ledger;
    Judgement judgement{.verdict = Verdict::kRetained,
                        .sentence =
                            fmt::format("{} is free and kept for requests to come, {} as dirty pages and {} "
                                        "in thread caches",
                                        share(ledger[Part::kDirty] + ledger[Part::kCached], ledger),
                                        byte_text(ledger[Part::kDirty]), byte_text(ledger[Part::kCached])),
                        .advice = {}};
    if (ledger[Part::kCached] > ledger[Part::kDirty]) {
        judgement.advice = "ASHLAR_CONF=thread_cache:256k lets each thread keep less";
    } else if (evidence.is_idle) {
        judgement.advice =
            "ASHLAR_CONF=background:true gives it back while the program is idle, as it is now";
    } else {
        judgement.advice = "ASHLAR_CONF=dirty_limit:0 lets no more wait than is in use, for more page faults";
    }
    return judgement;
}

Judgement fragmented(const Evidence& evidence) {
    const Ledger& ledger = evidence.ledger;
    Judgement judgement{
        .verdict = Verdict::kFragmented,
        .sentence = fmt::format(
            "{} is free in slabs that other blocks still use{}", share(ledger[Part::kFreeInSlabs], ledger),
            evidence.sparse_size == 0 ? "" : ", most of it between " + of_blocks(evidence.sparse_size)),
        .advice = {}};
    if (ledger.unused > ledger[Part::kFreeInSlabs] / 2) {
        judgement.advice =
            fmt::format("ASHLAR_CONF=dirty_limit:0: on {} of it no block lives, and that can be "
                        "given back (malloc_trim does it once)",
                        byte_text(ledger.unused));
    } else {
        judgement.advice =
            "allocate what lives long apart from what lives short, or at another time: a live block "
            "on a page keeps all of it";
    }
    return judgement;
}

Judgement huge_pages(const Evidence& evidence) {
    return {
        .verdict = Verdict::kHugePages,
        .sentence = fmt::format("{} was never touched and is there because huge pages span it",
                                share(evidence.ledger[Part::kHugeExcess], evidence.ledger)),
        .advice =
            "ASHLAR_CONF=huge_pages:never keeps them out of the heap; if the program asks for them itself "
            "(MADV_HUGEPAGE), prctl(PR_SET_THP_DISABLE) or "
            "`echo never >/sys/kernel/mm/transparent_hugepage/enabled`"};
}

std::string advice_about(Part part, const Evidence& evidence) {
    const Ledger& ledger = evidence.ledger;
    switch (part) {
    case Part::kStacks:
        return fmt::format("fewer threads ({} now), or smaller frames: a stack keeps what it once used",
                           ledger.threads);
    case Part::kFiles:
        return fmt::format(
            "`pmap -X {}` names the files; clean pages of them cost nothing that is needed elsewhere",
            evidence.process);
    case Part::kShared:
        return fmt::format("`pmap -X {}` names the mappings; others that share them pay for them, too",
                           evidence.process);
    case Part::kLazy:
        return "nothing: the kernel takes it as soon as memory is short";
    default:
        break;
    }
    const process::Mapping& largest = ledger.largest_other;
    const std::string where = largest.rss == 0
                                  ? std::string()
                                  : fmt::format("; the largest, {}, is at {:x}{}{}", byte_text(largest.rss),
                                                largest.begin, largest.name.empty() ? "" : " ", largest.name);
    return fmt::format(
        "`pmap -X {}` lists the mappings{}: the program, a runtime or another allocator made them "
        "(`ashlar doctor {}` tells of those)",
        evidence.process, where, evidence.process);
}

Judgement not_heap(const Evidence& evidence) {
    const Ledger& ledger = evidence.ledger;
    const Part largest = *std::max_element(kOutside.begin(), kOutside.end(),
                                           [&](Part a, Part b) { return ledger[a] < ledger[b]; });
    return {.verdict = Verdict::kNotHeap,
            .sentence =
                fmt::format("{} is not the heap's, most of it {} ({})", share(outside(ledger), ledger),
                            facts(largest).label, byte_text(ledger[largest])),
            .advice = advice_about(largest, evidence)};
}

Judgement undecided(const Evidence& evidence) {
    const Ledger& ledger = evidence.ledger;
    auto parts = kParts;
    std::sort(parts.begin(), parts.end(),
              [&](const PartFacts& a, const PartFacts& b) { return ledger[a.part] > ledger[b.part]; });
    return {.verdict = Verdict::kUndecided,
            .sentence = fmt::format("nothing makes more than half of the memory; {} is {}, {} is {}",
                                    parts[0].label, share(ledger[parts[0].part], ledger), parts[1].label,
                                    share(ledger[parts[1].part], ledger)),
            .advice =
                evidence.since
                    ? fmt::format("`ashlar stats {} --interval 60` shows whether it grows steadily",
                                  evidence.process)
                    : fmt::format(
                          "`ashlar stats {} --json - >before`, and later `--diff before`, shows what grows",
                          evidence.process)};
}

Judgement unsplit(const Evidence& evidence) {
    return {.verdict = Verdict::kUndecided,
            .sentence = "the heap's tables could not be read, so what is live is not known",
            .advice =
                fmt::format("the right to read the memory of process {}, as named above", evidence.process)};
}

// Judges by the part that takes most of the memory.
Judgement judge_parts(const Evidence& evidence) {
    const Ledger& ledger = evidence.ledger;
    struct Candidate {
        std::uint64_t bytes;
        Judgement (*say)(const Evidence&);
    };
    const std::array candidates{
        Candidate{ledger[Part::kLive], in_use},
        Candidate{ledger[Part::kDirty] + ledger[Part::kCached], retained},
        Candidate{ledger[Part::kFreeInSlabs], fragmented},
        Candidate{ledger[Part::kHugeExcess], huge_pages},
        Candidate{outside(ledger), not_heap},
    };
    const Candidate& largest =
        *std::max_element(candidates.begin(), candidates.end(),
                          [](const Candidate& a, const Candidate& b) { return a.bytes < b.bytes; });
    if (largest.bytes > ledger.rss / 2) {
        return largest.say(evidence);
    }
    return evidence.is_heap_split ? undecided(evidence) : unsplit(evidence);
}

} // namespace

const char* verdict_name(Verdict verdict) {
    switch (verdict) {
    case Verdict::kLeak:
        return "leak suspected";
    case Verdict::kCache:
        return "cache";
    case Verdict::kInUse:
        return "in use";
    case Verdict::kRetained:
        return "retained";
    case Verdict::kFragmented:
        return "fragmented";
    case Verdict::kHugePages:
        return "huge pages";
    case Verdict::kNotHeap:
        return "not the heap";
    case Verdict::kUndecided:
        break;
    }
    return "undecided";
}

bool grows(const std::vector<std::uint64_t>& live) {
    constexpr std::uint64_t kLeast = std::uint64_t{64} << 10;
    if (live.size() < kReadings || live.back() < live.front() + kLeast) {
        return false;
    }
    const auto middle = live.begin() + static_cast<std::ptrdiff_t>(live.size() / 2);
    const auto last_quarter = live.begin() + static_cast<std::ptrdiff_t>(live.size() * 3 / 4);
    const auto mean = [](auto begin, auto end) {
        return std::accumulate(begin, end, 0.0) / static_cast<double>(end - begin);
    };
    return *std::min_element(middle, live.end()) > *std::max_element(live.begin(), middle) &&
           mean(last_quarter, live.end()) > mean(middle, last_quarter) && live.back() > *last_quarter;
}

bool grew_and_stays(const std::vector<std::uint64_t>& live) {
    constexpr std::uint64_t kLeast = std::uint64_t{64} << 10;
    constexpr std::uint64_t kPart = 20;
    constexpr std::uint64_t kSway = 8; // steady: varies by at most 1/8 of its growth
    if (live.size() < kReadings) {
        return false;
    }
    const auto [low, high] =
        std::minmax_element(live.begin() + static_cast<std::ptrdiff_t>(live.size() * 3 / 4), live.end());
    const std::uint64_t growth = *low - std::min(*low, live.front());
    return growth >= std::max(kLeast, *high / kPart) && *high - *low <= growth / kSway;
}

Judgement judge(const Evidence& evidence) {
    if (is_watched(evidence) && grows(evidence.live)) {
        return leak(evidence);
    }
    Judgement judgement = judge_parts(evidence);
    if (evidence.since) {
        judgement.sentence += "; " + words_for(*evidence.since);
    }
    return judgement;
}

} // namespace ashlar::observe
