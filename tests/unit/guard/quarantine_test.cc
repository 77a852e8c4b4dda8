// SPDX-License-Identifier: MIT
//
// When a released block may leave the quarantine for the program, and when its class must fill up first. The
// blocks are invented addresses, because a quarantine does not access blocks.
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

    // Releases a block of class `c`. Returns false if another block had to leave.
    bool release(SizeClass c) {
        WaitingBlock leaving;
        bool at_once = true;
        for (; !quarantine_.make_room(c, leaving); at_once = false)
            REQUIRE(leaving.any());
        address_ += layout::kMaxClassSize;
        quarantine_.put(
            WaitingBlock(reinterpret_cast<void*>(address_), c, false)); // NOLINT(performance-no-int-to-ptr)
        return at_once;
    }

    const void* last() const { return block(); }

  private:
    void* block() const { return reinterpret_cast<void*>(address_); } // NOLINT(performance-no-int-to-ptr)

    Quarantine& quarantine_;
    std::uintptr_t address_ = layout::kMaxClassSize;
};

// Takes blocks of the class as malloc does. Returns their number.
std::size_t take_while_enough(Quarantine& quarantine, SizeClass c) {
    std::size_t taken = 0;
    for (; quarantine.may_leave(c); ++taken)
        REQUIRE(quarantine.take(c).size_class() == c);
    return taken;
}

UNIT_TEST_CASE_IN_CHILD("quarantine: none leaves for the program before three quarters of what may wait do",
                        unit::kDefaultHeap) {
    Quarantine quarantine(1);
    Releases releases(quarantine);
    for (std::size_t i = 0; i < kMost; ++i) {
        INFO("block " << i);
        REQUIRE(quarantine.may_leave(kClass) == (i * kSize > Quarantine::kLeast / 4 * 3));
        REQUIRE(releases.release(kClass));
    }
    REQUIRE_FALSE(quarantine.may_leave(kOther)); // no block waits
    REQUIRE(take_while_enough(quarantine, kClass) == kMost / 4);
    quarantine.finish();
}

UNIT_TEST_CASE_IN_CHILD("quarantine: at the limit, what comes in a row does not make one leave each",
                        unit::kDefaultHeap) {
    Quarantine quarantine(1);
    Releases releases(quarantine);
    std::size_t at_once = 0;
    for (std::size_t i = 0; i < 10 * kMost; ++i)
        at_once += releases.release(kClass) ? 1 : 0;
    REQUIRE(at_once >= 10 * kMost / 2);
    REQUIRE(quarantine.bytes() <= Quarantine::kLeast);
    REQUIRE(quarantine.bytes() > Quarantine::kLeast / 8 * 7);
    quarantine.finish();
}

// Many blocks of a class may arrive after few of it waited, and after the last update of the heap's limit.
UNIT_TEST_CASE_IN_CHILD("quarantine: a class that comes after another one is kept as well",
                        unit::kDefaultHeap) {
    Quarantine quarantine(1);
    Releases releases(quarantine);
    while (releases.release(kOther)) {
    }
    for (int i = 0; i < 10; ++i) {
        releases.release(kClass);
        take_while_enough(quarantine, kClass);
    }
    take_while_enough(quarantine, kOther);
    while (releases.release(kClass)) {
    }
    take_while_enough(quarantine, kClass);
    take_while_enough(quarantine, kOther);
    REQUIRE(quarantine.bytes() > Quarantine::kLeast / 8 * 5);
    quarantine.finish();
}

UNIT_TEST_CASE_IN_CHILD("quarantine: what came last does not leave next", unit::kDefaultHeap) {
    Quarantine quarantine(1);
    Releases releases(quarantine);
    for (std::size_t i = 0; i < 8; ++i)
        REQUIRE(releases.release(kClass));
    for (int i = 0; i < 1000; ++i) {
        REQUIRE(releases.release(kClass));
        REQUIRE(quarantine.take(kClass).block() != releases.last());
    }
    quarantine.finish();
}

UNIT_TEST_CASE_IN_CHILD("quarantine: the longest shelf makes room for many at once, and may be taken from",
                        unit::kDefaultHeap) {
    constexpr SizeClass kSmall = layout::class_of(32);
    void* const large = heap::allocate(std::size_t{64} << 20); // the limit depends on this block
    REQUIRE(large != nullptr);
    Quarantine quarantine(1);
    Releases releases(quarantine);
    REQUIRE_FALSE(quarantine.has_long_shelf(kSmall));
    std::size_t released = 0;
    while (releases.release(kSmall))
        ++released;
    REQUIRE(quarantine.has_long_shelf(kSmall));
    REQUIRE_FALSE(quarantine.may_leave(kSmall)); // the limit is far
    for (std::size_t i = 0; i < released / 32; ++i)
        REQUIRE(releases.release(kSmall));
    heap::release(large);
    quarantine.finish();
}

UNIT_TEST_CASE_IN_CHILD("quarantine: what leaves is any of those that wait", unit::kDefaultHeap) {
    Quarantine quarantine(1);
    Releases releases(quarantine);
    for (std::size_t i = 0; i < kMost; ++i)
        REQUIRE(releases.release(kClass));
    std::set<void*> all;
    quarantine.for_each([&all](WaitingBlock each) { all.insert(each.block()); });
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
