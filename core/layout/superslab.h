// SPDX-License-Identifier: MIT
//
// The superslabs of the window as a store of slice runs, which takes memory from the system and returns it.
//
// Free slices that were used are *dirty* until they are purged, and read zero afterwards. They are purged
// after the purge delay. Excess over the budget is purged earlier, highest addresses first. Both happen in
// steps: take() and give() only note that slices are due. Each slow path of malloc and free ends with
// purge_if_due(), which purges 1 MiB at most.
//
// On a machine with several nodes every superslab belongs to one. A run is taken from superslabs of the
// requested node, which grow for it. If they cannot, the run is taken from others.
//
// Thread-safe. A thread holds no lock that others need during a system call: memory to be purged or moved is
// out of the map meanwhile. Only growth is serial, because a thread that waits for it needs its result.
#pragma once

#include "layout/refused_requests.h"
#include "layout/reserves.h"
#include "layout/slice_map.h"
#include "os/memory_limit.h"
#include "os/mutex.h"
#include "os/page_memory.h"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace ashlar::observe {
struct Tables;
}

namespace ashlar::layout {

// The last slice of a superslab that holds slabs, in the hardened library. It is inaccessible, so an overrun
// faults before the next superslab. It is busy while it becomes inaccessible or accessible.
inline constexpr SliceHeader kFence{0, 3};
inline constexpr SliceHeader kBusyFence{0, 4};

class Superslabs {
  public:
    // All take functions return a run whose headers are kUnused, or 0 as `first`.

    // Takes `slices` (1, 2 or 4) that start at a multiple of `slices`.
    Run take_for_slab(unsigned slices, os::Node node);
    // Takes any number of slices. The caller calls purge_if_due() later, as after give(). Want::kWarm moves
    // dirty slices to the clean part of the run, so that touching it causes no page faults.
    enum class Want : std::uint8_t { kAny, kWarm };
    Run take(std::size_t slices, Want want, os::Node node);
    // Takes a warm run for a growing block, with free slices behind it where there is a choice. The first
    // `filled` slices are left as they are.
    Run take_with_room(std::size_t slices, std::size_t filled, os::Node node);
    // Takes the `slices` from `first` on, warm, if all are free. The caller owns the slices before them.
    Run take_at(Slice first, std::size_t slices);
    // Gives back a run or a part of it, whose headers the caller has set to kUnused. What a program did to
    // the slices (see os/page_attributes.h) is taken back before the next owner gets them. If the run is
    // longer than a step, its excess over the budget is purged at once, which costs no more than unmapping.
    void give(Slice first, std::size_t slices);
    // Does the same for memory that is known to read zero.
    void give_clean(Slice first, std::size_t slices);
    // Gives back a part of a run just taken, possibly empty, that no program had. `zero`: it reads zero.
    void give_untouched(Slice first, std::size_t slices, bool zero);
    // Moves the memory of a run to another, both in use. `from` reads zero afterwards.
    os::Change move(Slice from, Slice to, std::size_t slices);

    // Return the node of a slice in use, and whether the slice may be part of a huge page.
    os::Node node_of(Slice slice);
    bool is_huge(Slice slice);
    // Returns whether a huge page stays whole although much of it is free: with huge_pages:always.
    bool stays_huge(Slice slice);
    // Called before a part of the slice's superslab is purged. Gives it small pages if it may be a huge one.
    // Returns false if it stays huge.
    bool break_up(Slice slice);
    // Does the same before a purge that happens in any case. Counts a page that stays huge.
    void break_up_or_count(Slice slice);

    // Purges all dirty slices. Returns the bytes.
    std::size_t purge_all();
    // Does that, and unmaps free superslabs until they are needed again. Limits on address space and on
    // writable memory count mapped memory, used or not.
    std::size_t withdraw_all();
    // Purge what was dirty at the last call, in steps or at once. Called once per purge delay.
    void start_purging_aged();
    void purge_aged();

    // Purges one step of the due slices: at most 16 (1 MiB) with 4 system calls. Two things are purged at
    // once: all excess over a control group's limit, and superslabs with huge pages.
    void purge_if_due() {
        if (due_.load(std::memory_order_relaxed)) [[unlikely]]
            purge_step();
    }
    bool purge_is_due() const { return due_.load(std::memory_order_relaxed); }
    // Purges all excess over the budget.
    void purge_excess();

    // Returns the free slices of that superslab, which is below opened().
    SliceMask free_slices(std::size_t superslab);
    // Returns the free slices that a program may have changed: see SliceMap::set_unchecked().
    SliceMask unchecked_slices(std::size_t superslab);
    std::size_t opened() const { return map_.opened(); }

    std::size_t committed() const { return committed_.load(std::memory_order_relaxed) * kSuperslabSize; }
    std::size_t slices_in_use() const { return map_.slices_in_use(); }
    // Adds to the count of slices in use by large blocks, and by runs that threads keep for their next ones.
    void note_large(std::ptrdiff_t slices) { large_.fetch_add(slices, std::memory_order_relaxed); }
    std::size_t large_slices() const {
        return static_cast<std::size_t>(large_.load(std::memory_order_relaxed));
    }
    // Adds to the count of bytes in use that the owner has purged until their next use.
    void note_absent(std::ptrdiff_t bytes) { absent_.fetch_add(bytes, std::memory_order_relaxed); }
    std::ptrdiff_t absent_bytes() const { return absent_.load(std::memory_order_relaxed); }
    std::size_t dirty_slices() const { return map_.dirty_slices(); }

    // Return bytes that may be free in slabs, and in their unused pages. Notes bytes that are used again.
    std::size_t floor_in_slabs() const;
    std::size_t allowed_unused() const;
    void note_unused_needed(std::size_t bytes) { reserves_.note_unused_needed(bytes); }

    os::Mutex<os::Rank::kGrowth>& growth_mutex() { return growth_mutex_; }
    os::Mutex<os::Rank::kSuperslabs>& mutex() { return mutex_; }

  private:
    friend struct observe::Tables; // tells other processes the addresses
    // The moves to a run just taken.
    struct MovePlan {
        static constexpr unsigned kMost = 64;
        std::array<SliceMap::Move, kMost> moves;
        unsigned count = 0;
    };
    Run take_locked(Slice first, std::size_t slices);
    Run take_locked(Slice first, std::size_t slices, std::size_t filled, MovePlan& plan);
    template <typename Take>
    Run take_or_grow(std::size_t slices, SliceMap::Fit fit, os::Node node, Take take);
    Run warm(Run run, std::size_t slices, const MovePlan& plan);
    bool is_worth_moving(const SliceMap::Move& move);
    static bool may_move(Slice from, Slice to);
    os::Change carry_out(SliceMap::Move move, bool try_it);

    enum class Growth : std::uint8_t { kDone, kNoRoom, kRefused };
    enum class Where : std::uint8_t { kAnywhere, kAtEnd }; // where the heap may grow
    Growth grow(std::size_t slices, SliceMap::Fit fit, std::size_t seen, os::Node beginning, os::Node node,
                Where where = Where::kAnywhere);
    bool may_grow(SliceMap::Fit fit) const;
    static bool grow_tables(std::size_t end, std::size_t open);
    struct Opening {
        std::size_t superslabs;
        os::Opened result; // kOccupied: a foreign mapping follows
    };
    static Opening map_superslabs(std::size_t begin, std::size_t least, std::size_t most);
    void open_superslabs(std::size_t begin, std::size_t count, os::Node node);
    Growth step_over(std::size_t superslab, std::size_t room);

    void raise_fence(std::size_t superslab);
    void give_fence_locked(Slice slice);
    void drop_lone_fence(std::size_t superslab);
    void drop_lone_fences(Slice first, std::size_t slices); // around a run that was given

    bool wants_huge_pages() const;
    void advise(Slice first, std::size_t slices, os::Node node, bool huge) const;
    void advise_again(Slice first, std::size_t slices);
    os::Change renew(Slice first, std::size_t slices);
    enum class Owner : std::uint8_t { kNobody, kProgram };
    void give_clean(Slice first, std::size_t slices, Owner last);
    static void take_off_locks(Slice first, std::size_t slices);
    void set_unchecked_locked(Slice first, std::size_t slices);
    struct Surroundings;
    Surroundings surroundings(Slice first, std::size_t slices);
    void note_checked(const Surroundings& around);
    static bool has_usual_slice(const Surroundings& around);
    SliceMask usual_slices(std::size_t superslab);
    enum class Answer : std::uint8_t { kYes, kNo, kNone };
    Answer ask_about_run(Slice first, std::size_t slices);
    Answer ask_about_surroundings(Slice first, std::size_t slices);
    bool is_usual(Slice first, std::size_t slices);
    void reset_with_free_slices(Slice first, std::size_t slices);
    bool take_back_changes(Slice first, std::size_t slices);
    std::size_t present_slices() const; // slices in use that hold memory
    struct Step {
        std::size_t slices;
        std::size_t calls;
    };
    static constexpr Step kStep{.slices = 16, .calls = 4};
    static constexpr Step kNoBounds{.slices = ~std::size_t{0}, .calls = ~std::size_t{0}};
    static constexpr Slice kTop = ~Slice{0};
    std::size_t allowed_dirty(std::size_t in_use) const;
    std::size_t excess() const;
    std::size_t excess_over_limit() const;
    void note_excess();
    std::size_t purge(SliceMap::Which which, Slice& below, Step& step);
    std::size_t purge_end(Slice first, std::size_t slices);
    bool purge_aged(Step step);
    [[gnu::cold]] void purge_step();

    os::Mutex<os::Rank::kGrowth> growth_mutex_;
    std::size_t stride_ = 1; // superslabs to step over at the next foreign mapping; under growth_mutex_
    std::array<RefusedRequests, SliceMap::kFits> refused_; // under growth_mutex_
    // Read often, written seldom.
    os::MemoryLimit limit_;
    std::atomic<std::size_t> committed_{0};
    std::atomic<std::ptrdiff_t> absent_{0};
    std::atomic<bool> purging_is_vain_{false};        // the last purge failed, as if all memory were locked
    std::atomic<unsigned> questions_to_leave_out_{0}; // about many slices, since the last answer was no
    // Slices are due. Has its own cache line, because each slow path reads it.
    alignas(64) std::atomic<bool> due_{false};
    // Written by each take() and give(), mostly under the lock. A waiting thread reads only the lock's line.
    alignas(64) os::Mutex<os::Rank::kSuperslabs> mutex_;
    std::atomic<unsigned> returned_runs_{0}; // unchecked runs, approximately
    Slice aged_below_ = 0;                   // position of the sweep for aged slices
    bool aging_ = false;                     // a sweep is running
    unsigned plans_to_leave_out_ = 0;        // plans of moves to leave out, since the last held little memory
    unsigned plans_left_out_ = 0;            // plans left out the last time
    alignas(64) SliceMap map_;
    Reserves reserves_;
    std::atomic<std::ptrdiff_t> large_{0};
};

[[gnu::visibility("hidden")]] extern constinit Superslabs superslabs;

} // namespace ashlar::layout
