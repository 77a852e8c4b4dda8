// SPDX-License-Identifier: MIT
//
// The superslabs of the window as a store of slice runs: grown from the system, given back to it.
//
// Free slices that were used are *dirty* until they are purged: given back to the system, after which they
// read zero. They are purged when they have been dirty for the purge delay. Highest addresses first, they are
// purged when there are more of them than the budget allows. That goes in steps: take() and give() only note
// that slices are due. Each slow path of malloc and free ends with purge_if_due(), which purges 1 MiB at
// most.
//
// On a machine with several nodes every superslab is of one. A run is taken from superslabs of the node that
// is asked for, which grow for it. If there is no more, it is taken from others.
//
// Thread-safe. No lock that others might want is held over a system call: memory to be purged or moved is out
// of everybody's reach meanwhile. Only growth is one at a time: who waits for it needs its result.
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

// The last slice of a superslab that holds slabs, in the hardened library. It is inaccessible, so that who
// runs on behind his blocks faults before the next superslab. While it is made so, or accessible again, it is
// busy.
inline constexpr SliceHeader kFence{0, 3};
inline constexpr SliceHeader kBusyFence{0, 4};

class Superslabs {
  public:
    // All of these: headers of a taken run are kUnused. `first` is 0 if there is none.

    // `slices` (1, 2 or 4) that start at a multiple of `slices`.
    Run take_for_slab(unsigned slices, os::Node node);
    // Any number of slices. Its caller goes on to purge_if_due(), as after give(). With Want::kWarm, dirty
    // slices from elsewhere are moved to where the run is clean, so that touching it need not fault.
    enum class Want : std::uint8_t { kAny, kWarm };
    Run take(std::size_t slices, Want want, os::Node node);
    // Warm too, for a block that grows: free slices follow the run if there are some to choose. The first
    // `filled` slices are left as they are.
    Run take_with_room(std::size_t slices, std::size_t filled, os::Node node);
    // The `slices` from `first` on, warm, if they are all free. What lies before them is the caller's.
    Run take_at(Slice first, std::size_t slices);
    // The caller has made the headers kUnused. The slices of a run or of a part of it. What a program did to
    // them (see os/page_attributes.h) is taken back before the next owner gets them. Of a run of more than a
    // step's slices, what exceeds the budget is purged at once. That costs no more than unmapping the block
    // would.
    void give(Slice first, std::size_t slices);
    // Likewise, memory that is known to read zero.
    void give_clean(Slice first, std::size_t slices);
    // A part, maybe of no slices, of a run just taken; no program had it.
    void give_untouched(Slice first, std::size_t slices, bool zero);
    // Moves the memory of a run to another, both in use; `from` reads zero then.
    os::Change move(Slice from, Slice to, std::size_t slices);

    // Where a slice in use belongs, and whether it may be part of a huge one.
    os::Node node_of(Slice slice);
    bool is_huge(Slice slice);
    // Whether a huge page stays whole although much of it is free: with huge_pages:always.
    bool stays_huge(Slice slice);
    // Part of a slice's superslab is about to be purged. If it may be a huge page, it has small ones from now
    // on. False if it stays huge.
    bool break_up(Slice slice);
    // Likewise, but it goes in any case: counted.
    void break_up_or_count(Slice slice);

    // Purges everything dirty; returns the bytes.
    std::size_t purge_all();
    // Likewise, and free superslabs are unmapped until they are needed again. Limits on address space and on
    // writable memory count what is mapped, used or not.
    std::size_t withdraw_all();
    // Purges what was dirty when it was called last, in steps or at once. For once every purge delay.
    void start_purging_aged();
    void purge_aged();

    // One step of what is due: at most 16 slices (1 MiB) and 4 system calls. All that exceeds a control
    // group's limit goes at once. Superslabs with huge pages are purged whole.
    void purge_if_due() {
        if (due_.load(std::memory_order_relaxed)) [[unlikely]]
            purge_step();
    }
    bool purge_is_due() const { return due_.load(std::memory_order_relaxed); }
    // All that exceeds the budget.
    void purge_excess();

    // Of the superslab with that number, below opened(): the slices that are free.
    SliceMask free_slices(std::size_t superslab);
    // Of those, the ones that a program may have changed: see SliceMap::set_unchecked().
    SliceMask unchecked_slices(std::size_t superslab);
    std::size_t opened() const { return map_.opened(); }

    std::size_t committed() const { return committed_.load(std::memory_order_relaxed) * kSuperslabSize; }
    std::size_t slices_in_use() const { return map_.slices_in_use(); }
    // Of the slices in use, those of large blocks, with those that threads keep for their next ones.
    void note_large(std::ptrdiff_t slices) { large_.fetch_add(slices, std::memory_order_relaxed); }
    std::size_t large_slices() const {
        return static_cast<std::size_t>(large_.load(std::memory_order_relaxed));
    }
    // Of the slices in use, parts that their owner gave back to the system until they are used again. So many
    // bytes more, or fewer, hold no memory.
    void note_absent(std::ptrdiff_t bytes) { absent_.fetch_add(bytes, std::memory_order_relaxed); }
    std::ptrdiff_t absent_bytes() const { return absent_.load(std::memory_order_relaxed); }
    std::size_t dirty_slices() const { return map_.dirty_slices(); }

    // In bytes: what may be free in slabs, and of that in unused pages. What of these serves again.
    std::size_t floor_in_slabs() const;
    std::size_t allowed_unused() const;
    void note_unused_needed(std::size_t bytes) { reserves_.note_unused_needed(bytes); }

    os::Mutex<os::Rank::kGrowth>& growth_mutex() { return growth_mutex_; }
    os::Mutex<os::Rank::kSuperslabs>& mutex() { return mutex_; }

  private:
    friend struct observe::Tables; // tells other processes where things are
    // What is to be moved to a run just taken.
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
    enum class Where : std::uint8_t { kAnywhere, kAtEnd }; // of the heap
    Growth grow(std::size_t slices, SliceMap::Fit fit, std::size_t seen, os::Node beginning, os::Node node,
                Where where = Where::kAnywhere);
    bool may_grow(SliceMap::Fit fit) const;
    static bool grow_tables(std::size_t end, std::size_t open);
    struct Opening {
        std::size_t superslabs;
        os::Opened result; // kOccupied: a stranger follows
    };
    static Opening map_superslabs(std::size_t begin, std::size_t least, std::size_t most);
    void open_superslabs(std::size_t begin, std::size_t count, os::Node node);
    Growth step_over(std::size_t superslab, std::size_t room);

    void raise_fence(std::size_t superslab);
    void give_fence_locked(Slice slice);
    void drop_lone_fence(std::size_t superslab);
    void drop_lone_fences(Slice first, std::size_t slices); // around a run that came free

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
    std::size_t present_slices() const; // of those in use, what holds memory
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
    std::size_t stride_ = 1; // superslabs to leave out at the next stranger; under growth_mutex_
    std::array<RefusedRequests, SliceMap::kFits> refused_; // likewise
    // Read often, written seldom.
    os::MemoryLimit limit_;
    std::atomic<std::size_t> committed_{0};
    std::atomic<std::ptrdiff_t> absent_{0};
    std::atomic<bool> purging_is_vain_{false};        // all memory is locked, as it seemed last
    std::atomic<unsigned> questions_to_leave_out_{0}; // about many slices at once; the last got a no
    // Slices are due. On a line to itself: each slow path reads it.
    alignas(64) std::atomic<bool> due_{false};
    // Written by each take() and give(), most of it under the lock. Who waits reads the line of the lock
    // alone.
    alignas(64) os::Mutex<os::Rank::kSuperslabs> mutex_;
    std::atomic<unsigned> returned_runs_{0}; // unchecked ones, about
    Slice aged_below_ = 0;                   // where the sweep for aged slices is
    bool aging_ = false;                     // there is one
    unsigned plans_to_leave_out_ = 0;        // of moves, as what was to be moved held little
    unsigned plans_left_out_ = 0;            // the last time
    alignas(64) SliceMap map_;
    Reserves reserves_;
    std::atomic<std::ptrdiff_t> large_{0};
};

[[gnu::visibility("hidden")]] extern constinit Superslabs superslabs;

} // namespace ashlar::layout
