// SPDX-License-Identifier: MIT
//
// When a released block may leave for the program, and when its class has to fill up again first. Blocks are
// made up: a quarantine does not touch them.
#include "../support/child.h"
#include "guard/quarantine.h"
#include "heap/heap.h"
#include "os/config.h"

#include <catch2/catch.hpp>
#include <cstddef>
#include <cstdint>
#include <set>

namespace {

using namespace ashlar;        // NOLINT(google-build-using-namespace): the layer under test
using namespace ashlar::guard; // NOLINT(google-build-using-namespace): the layer under test

using layout::SizeClass;

constexpr SizeClass kClass = layout::class_of(512);
constexpr SizeClass kOther = layout::class_of(256);
constexpr std::size_t kSize = layout::class_size(kClass);
constexpr std::size_t kMost = Quarantine::kLeast / kSize;

class Releases {
  public:
    explicit Releases(Quarantine& quarantine) : quarantine_(quarantine) {}

    // False if another one had to leave.
    bool release(SizeClass c) {
        Waiting leaving;
        bool at_once = true;
        for (; !quarantine_.make_room(c, leaving); at_once = false)
            REQUIRE(leaving.any());
        address_ += layout::kMaxClassSize;
        quarantine_.put(
            Waiting(reinterpret_cast<void*>(address_), c, false)); // NOLINT(performance-no-int-to-ptr)
        return at_once;
    }

  private:
    Quarantine& quarantine_;
    std::uintptr_t address_ = layout::kMaxClassSize;
};

// As malloc does: how many of the class it hands out.
std::size_t take_while_enough(Quarantine& quarantine, SizeClass c) {
    std::size_t taken = 0;
    for (; quarantine.may_leave(c) || quarantine.may_leave_after_all(c); ++taken)
        REQUIRE(quarantine.take(c).size_class() == c);
    return taken;
}

UNIT_TEST_CASE_IN_CHILD("quarantine: none leaves for the program before three quarters of what may wait do",
                        unit::kDefaultHeap) {
    Quarantine quarantine(1);
    Releases releases(quarantine);
    for (std::size_t i = 0; i < kMost; ++i) {
        INFO("block " << i);
        REQUIRE_FALSE(quarantine.may_leave(kClass));
        REQUIRE(quarantine.may_leave_after_all(kClass) == (i * kSize > Quarantine::kLeast / 4 * 3));
        if (i * kSize > Quarantine::kLeast / 4 * 3) break;
        REQUIRE(releases.release(kClass));
    }
    REQUIRE(quarantine.may_leave(kClass));
    REQUIRE_FALSE(quarantine.may_leave_after_all(kOther));
    REQUIRE_FALSE(quarantine.may_leave(kOther));
    quarantine.finish();
}

UNIT_TEST_CASE_IN_CHILD("quarantine: half of what may wait does not leave for the program",
                        unit::kDefaultHeap) {
    Quarantine quarantine(1);
    Releases releases(quarantine);
    while (releases.release(kClass)) {
    }
    REQUIRE(quarantine.bytes() <= Quarantine::kLeast);
    REQUIRE(quarantine.bytes() > Quarantine::kLeast / 8 * 7);
    REQUIRE(take_while_enough(quarantine, kClass) >= kMost / 8);
    REQUIRE(quarantine.bytes() >= Quarantine::kLeast / 2);
    REQUIRE(quarantine.bytes() <= Quarantine::kLeast / 4 * 3);
    // A few more do not change that by themselves, but replace those that are handed out.
    for (std::size_t i = 0; i < kMost; ++i) {
        REQUIRE(releases.release(kClass));
        REQUIRE(take_while_enough(quarantine, kClass) == 1);
    }
    quarantine.finish();
}

UNIT_TEST_CASE_IN_CHILD("quarantine: a class fills up again when much less waits", unit::kDefaultHeap) {
    Quarantine quarantine(1);
    Releases releases(quarantine);
    for (std::size_t i = 0; i < kMost / 4; ++i)
        REQUIRE(releases.release(kClass));
    while (releases.release(kOther)) {
    }
    REQUIRE(quarantine.may_leave_after_all(kClass)); // because of the others
    REQUIRE(take_while_enough(quarantine, kOther) != 0);
    while (quarantine.bytes() > Quarantine::kLeast / 4)
        REQUIRE(quarantine.take_any().any()); // for the heap
    std::size_t released = 0;
    for (; !quarantine.may_leave_after_all(kOther); ++released) {
        REQUIRE(releases.release(kOther));
        REQUIRE_FALSE(quarantine.may_leave(kOther));
    }
    REQUIRE(released >= Quarantine::kLeast / 2 / layout::class_size(kOther));
    quarantine.finish();
}

UNIT_TEST_CASE_IN_CHILD("quarantine: what leaves is any of those that wait", unit::kDefaultHeap) {
    Quarantine quarantine(1);
    Releases releases(quarantine);
    for (std::size_t i = 0; i < kMost; ++i)
        REQUIRE(releases.release(kClass));
    std::set<void*> all;
    quarantine.for_each([&all](Waiting each) { all.insert(each.block()); });
    REQUIRE(all.size() == kMost);
    bool in_order = true;
    for (const void* last = nullptr; !all.empty();) {
        void* const block = quarantine.take_any().block();
        in_order = in_order && block > last;
        last = block;
        REQUIRE(all.erase(block) == 1);
    }
    REQUIRE_FALSE(in_order);
    REQUIRE(quarantine.bytes() == 0);
    REQUIRE_FALSE(quarantine.take_any().any());
    quarantine.finish();
}

} // namespace
