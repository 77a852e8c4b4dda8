// SPDX-License-Identifier: MIT
//
// In children without a heap, where the window and all of its superslabs are the test's.
#include "../support/build_kind.h"
#include "../support/child.h"
#include "../support/limits.h"
#include "../support/random.h"
#include "layout/superslab.h"

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace ashlar::layout; // NOLINT(google-build-using-namespace): the layer under test

constexpr std::size_t kMi = std::size_t{1} << 20;

struct Run {
    Page first;
    unsigned pages;
};

// Which pages are taken, which of the free ones may hold memory: one flag each, everything by looking.
class Model {
  public:
    Model() : taken_(window.end_page, false), dirty_(window.end_page, false) {}

    // The lowest run there is, 0 if none.
    Page lowest(unsigned pages) const {
        for (Page first = window.first_page; first + pages <= window.end_page; first += pages) {
            if (all_free(first, pages)) return first;
        }
        return 0;
    }
    bool all_free(Page first, unsigned pages) const {
        for (Page page = first; page < first + pages; ++page) {
            if (taken_[page]) return false;
        }
        return true;
    }
    void take(Run run) { set(run, true, false); }
    void give(Run run) { set(run, false, true); }
    std::size_t taken() const {
        return static_cast<std::size_t>(std::count(taken_.begin(), taken_.end(), true));
    }
    // Counts the dirty pages, which are clean afterwards.
    std::size_t purge() {
        const auto count = static_cast<std::size_t>(std::count(dirty_.begin(), dirty_.end(), true));
        dirty_.assign(dirty_.size(), false);
        return count;
    }
    bool dirty(Page page) const { return dirty_[page]; }

  private:
    void set(Run run, bool taken, bool dirty) {
        for (Page page = run.first; page < run.first + run.pages; ++page) {
            taken_[page] = taken;
            dirty_[page] = dirty;
        }
    }
    std::vector<bool> taken_;
    std::vector<bool> dirty_;
};

// Something at both ends of every page, different for each run.
void stamp(Run run, std::uint64_t value) {
    for (Page page = run.first; page < run.first + run.pages; ++page) {
        char* const start = window.address_of(page);
        std::memcpy(start, &value, sizeof(value));
        std::memcpy(start + kPageSize - sizeof(value), &value, sizeof(value));
    }
}

bool has_stamp(Run run, std::uint64_t value) {
    for (Page page = run.first; page < run.first + run.pages; ++page) {
        std::uint64_t first = 0;
        std::uint64_t last = 0;
        std::memcpy(&first, window.address_of(page), sizeof(first));
        std::memcpy(&last, window.address_of(page) + kPageSize - sizeof(last), sizeof(last));
        if (first != value || last != value) return false;
    }
    return true;
}

bool headers_are(Run run, PageHeader header) {
    for (Page page = run.first; page < run.first + run.pages; ++page) {
        if (window.header(page) != header) return false;
    }
    return true;
}

unsigned random_pages(unit::Random& random) {
    return 1U << random.below(kRunOrders);
}

UNIT_TEST_CASE_IN_CHILD("superslabs: random runs agree with a model", unit::kNoHeap) {
    REQUIRE(window.reserve(512 * kMi));
    unit::Random random;
    CAPTURE(random.seed());
    Model model;
    std::vector<std::pair<Run, std::uint64_t>> held;
    std::uint64_t stamps = 0;
    unsigned percent = 70; // of taking: grows and shrinks in turns
    constexpr unsigned kSteps = unit::kSanitizer ? 9'000 : 30'000;
    for (unsigned step = 0; step < kSteps; ++step) {
        if (step % 3000 == 0) percent = step / 3000 % 2 == 0 ? 75 : 25;
        if (random.chance(percent)) {
            const unsigned pages = random_pages(random);
            const Page expected = model.lowest(pages);
            bool was_dirty = false;
            for (Page page = expected; page < expected + pages; ++page)
                was_dirty = was_dirty || model.dirty(page);
            const Run run{superslabs.take_run(pages), pages};
            if (run.first != expected) FAIL(pages << " pages at " << run.first << " instead of " << expected);
            if (run.first == 0) continue;
            if (!headers_are(run, PageHeader{})) FAIL("headers of page " << run.first << " are not zero");
            if (!was_dirty && !has_stamp(run, 0)) FAIL("page " << run.first << " should be zero");
            model.take(run);
            stamp(run, ++stamps);
            window.set_headers(run.first, pages, PageHeader{7, 9});
            held.emplace_back(run, stamps);
        } else if (!held.empty()) {
            std::swap(held[random.below(held.size())], held.back());
            const auto [run, value] = held.back();
            held.pop_back();
            if (!has_stamp(run, value)) FAIL("the run at " << run.first << " has been changed");
            superslabs.give_run(run.first, run.pages);
            model.give(run);
            if (!headers_are(run, PageHeader{})) FAIL("headers of page " << run.first << " are not zeroed");
        }
        if (random.below(1000) == 0) {
            const std::size_t purged = superslabs.purge();
            if (purged != model.purge() * kPageSize) FAIL("purged " << purged << " bytes");
        }
        if (superslabs.pages_in_use() != model.taken()) FAIL(superslabs.pages_in_use() << " pages in use");
        if (superslabs.committed() < model.taken() * kPageSize) FAIL("more taken than committed");
    }
    REQUIRE(superslabs.committed() > 128 * kMi); // more than one group
    REQUIRE(superslabs.committed() % kSuperslabSize == 0);
    for (const auto& [run, value] : held) {
        if (!has_stamp(run, value)) FAIL("the run at " << run.first << " has been changed");
    }
}

UNIT_TEST_CASE_IN_CHILD("superslabs: purged runs are zero and those in use untouched", unit::kNoHeap) {
    REQUIRE(window.reserve(kMinWindow));
    std::vector<Run> runs;
    for (unsigned i = 0; i < 100; ++i) {
        runs.push_back({superslabs.take_run(1U << (i % 3)), 1U << (i % 3)});
        REQUIRE(runs.back().first != 0);
        std::memset(window.address_of(runs.back().first), static_cast<int>(i + 1),
                    runs.back().pages * kPageSize);
    }
    std::size_t given = 0;
    for (unsigned i = 0; i < 100; i += 2) {
        superslabs.give_run(runs[i].first, runs[i].pages);
        given += runs[i].pages;
    }
    REQUIRE(superslabs.purge() == given * kPageSize);
    REQUIRE(superslabs.purge() == 0);
    for (unsigned i = 0; i < 100; ++i) {
        const char expected = i % 2 == 0 ? '\0' : static_cast<char>(i + 1);
        const char* const start = window.address_of(runs[i].first);
        const auto length = static_cast<std::ptrdiff_t>(runs[i].pages * kPageSize);
        if (std::count(start, start + length, expected) != length) FAIL("run " << i);
    }
}

UNIT_TEST_CASE_IN_CHILD("superslabs: a full window says so and recovers", unit::kNoHeap) {
    REQUIRE(window.reserve(kMinWindow));
    const unsigned total = window.end_page - window.first_page;
    for (const unsigned pages : {1U, 2U, 4U, 1U}) {
        CAPTURE(pages);
        std::vector<Page> taken;
        while (const Page first = superslabs.take_run(pages))
            taken.push_back(first);
        REQUIRE(taken.size() == total / pages);
        REQUIRE(superslabs.pages_in_use() == total);
        REQUIRE(superslabs.committed() == total * kPageSize);
        REQUIRE(superslabs.take_run(1) == 0);
        REQUIRE(superslabs.take_run(4) == 0);
        superslabs.give_run(taken[3], pages);
        REQUIRE(superslabs.take_run(pages) == taken[3]);
        REQUIRE(superslabs.take_run(1) == 0);
        for (const Page first : taken)
            superslabs.give_run(first, pages);
        REQUIRE(superslabs.pages_in_use() == 0);
    }
}

UNIT_TEST_CASE_IN_CHILD("superslabs: a system without memory says so and recovers", unit::kNoHeap) {
    UNIT_SKIP_IF(unit::kSanitizer, "writable memory cannot be limited");
    REQUIRE(window.reserve(256 * kMi));
    const Page first = superslabs.take_run(1);
    REQUIRE(first != 0);
    unit::allow_writable_memory(8 * kMi);
    std::vector<Page> taken;
    while (const Page page = superslabs.take_run(4))
        taken.push_back(page);
    REQUIRE(taken.size() >= kPagesPerSuperslab / 4 * 2); // not all of it: tables want some too
    REQUIRE(superslabs.committed() <= 16 * kMi);
    REQUIRE(superslabs.take_run(4) == 0);
    for (const Page page : taken)
        *window.address_of(page) = 1;
    superslabs.give_run(taken.back(), 4);
    REQUIRE(superslabs.take_run(4) == taken.back());
    unit::allow_any_amount();
    const Page next = superslabs.take_run(4);
    REQUIRE(next > taken.back());
    *window.address_of(next) = 1;
}

UNIT_TEST_CASE_IN_CHILD("superslabs: threads never get the same page", unit::kNoHeap) {
    REQUIRE(window.reserve(256 * kMi));
    constexpr unsigned kThreads = 4;
    constexpr unsigned kSteps = 5000;
    std::vector<std::atomic<unsigned>> owners(window.end_page);
    std::atomic<unsigned> faults = 0;
    std::vector<std::thread> threads;
    for (unsigned t = 1; t <= kThreads; ++t) {
        threads.emplace_back([&owners, &faults, random = unit::Random(t), t]() mutable {
            std::vector<Run> held;
            const auto give_back = [&] {
                for (Page page = held.back().first; page < held.back().first + held.back().pages; ++page) {
                    if (owners[page].exchange(0) != t) ++faults;
                }
                superslabs.give_run(held.back().first, held.back().pages);
                held.pop_back();
            };
            for (unsigned step = 0; step < kSteps; ++step) {
                if (held.size() < 100 && random.chance(60)) {
                    const unsigned pages = random_pages(random);
                    held.push_back({superslabs.take_run(pages), pages});
                    for (Page page = held.back().first; page < held.back().first + pages; ++page) {
                        if (owners[page].exchange(t) != 0) ++faults;
                    }
                } else if (!held.empty()) {
                    std::swap(held[random.below(held.size())], held.back());
                    give_back();
                }
                if (step % 1000 == 0) superslabs.purge();
            }
            while (!held.empty())
                give_back();
        });
    }
    for (std::thread& thread : threads)
        thread.join();
    REQUIRE(faults == 0);
    REQUIRE(superslabs.pages_in_use() == 0);
}

} // namespace
