// SPDX-License-Identifier: MIT
#include "../support/random.h"
#include "observe/unwind_rules.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <cstdint>
#include <thread>
#include <vector>

namespace {

using namespace ashlar::observe;

} // namespace

TEST_CASE("a rule keeps what it was made of") {
    for (const std::int64_t end : {std::int64_t{8}, std::int64_t{0}, std::int64_t{-8}, std::int64_t{16},
                                   (std::int64_t{1} << 23) - 8, -(std::int64_t{1} << 23)}) {
        for (const std::uint64_t rbp : {std::uint64_t{0}, std::uint64_t{16}, std::uint64_t{8184}}) {
            REQUIRE(UnwindRule::fits(end, rbp));
            for (const std::uint32_t object : {0U, 1U, UnwindRule::kObjectMask}) {
                const UnwindRule rule(Step::kFromRbp, object, end, rbp);
                REQUIRE(rule.step() == Step::kFromRbp);
                REQUIRE(rule.object() == object);
                REQUIRE(rule.end() == end);
                REQUIRE(rule.saved_rbp() == rbp);
            }
        }
    }
    REQUIRE_FALSE(UnwindRule::fits(std::int64_t{1} << 23, 0));
    REQUIRE_FALSE(UnwindRule::fits(-(std::int64_t{1} << 23) - 8, 0));
    REQUIRE_FALSE(UnwindRule::fits(4, 0));
    REQUIRE_FALSE(UnwindRule::fits(8, 8192));
    REQUIRE_FALSE(UnwindRule::fits(8, 4));
}

TEST_CASE("a rule is known for its address and its object only") {
    const std::uintptr_t address = 0x7F0000001000;
    remember_rule(address, {Step::kFromRsp, 5, 64, 16});
    REQUIRE(known_rule(address, 5).end() == 64);
    REQUIRE(known_rule(address, 6).step() == Step::kAbsent);
    REQUIRE(known_rule(address + 1, 5).step() == Step::kAbsent);
    remember_rule(address, {Step::kFromRsp, 6, 80, 16});
    REQUIRE(known_rule(address, 6).end() == 80);
}

TEST_CASE("threads that write and read the table see whole rules") {
    const auto end_of = [](std::uintptr_t address) { return static_cast<std::int64_t>(address % 1000 * 8); };
    std::atomic<unsigned> wrong{0};
    const auto work = [&](unsigned salt) {
        unit::Random random(salt);
        for (unsigned i = 0; i < 200000; ++i) {
            const std::uintptr_t address = 0x560000000000 + random.below(20000);
            const UnwindRule rule = known_rule(address, 9);
            if (rule.step() == Step::kAbsent) {
                remember_rule(address, {Step::kFromRbp, 9, end_of(address), 24});
            } else if (rule.end() != end_of(address) || rule.saved_rbp() != 24) {
                wrong++;
            }
        }
    };
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < 3; ++i)
        threads.emplace_back(work, i + 1);
    for (std::thread& thread : threads)
        thread.join();
    REQUIRE(wrong == 0);
}
