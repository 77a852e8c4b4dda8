// SPDX-License-Identifier: MIT
//
// What a program did to the pages of its blocks is taken back before somebody else gets them: see
// superslab.h.
//
// Pages that were changed are a mapping of their own. So the kernel is asked whether the pages and some that
// nobody can have changed, which are *usual*, are one mapping. A release asks nothing: its pages are
// unchecked. Who takes a run with such pages asks, and about all that surrounds the run: the answer holds for
// the other unchecked pages, too. So one question serves for all that was released since the last one.
#include "layout/superslab.h"
#include "os/edition.h"
#include "os/guard_pages.h"
#include "os/marking.h"
#include "os/page_attributes.h"
#include "os/page_locks.h"

#include <algorithm>
#include <bit>

namespace ashlar::layout {

namespace {

constexpr std::size_t kSmallBlock = 1024; // a page of such blocks belongs to many
constexpr PageMask kLast = PageMask{1} << (kPagesPerSuperslab - 1);
constexpr std::size_t kReach = 32; // superslabs to each side of a run that one question is about
// After a no. It most often comes from a block that stays as it is, for instance a stack with a guard page.
constexpr unsigned kQuestionsLeftOut = 16;

bool is_open(std::size_t superslab) {
    return window.header(first_page_of(superslab)) != kNotOurs;
}

// Which is a mapping of its own.
bool ends_in_fence([[maybe_unused]] std::size_t superslab) {
    if constexpr (os::kHardened) {
        const PageHeader last = window.header(first_page_of(superslab) + kPagesPerSuperslab - 1);
        return (last == kFence || last == kBusyFence) && os::guards_are_mappings();
    }
    return false;
}

bool is_one_mapping(Page begin, Page end, std::size_t more) {
    return os::is_one_mapping_but_for_last_page(window.address_of(begin), (end - begin) * kPageSize + more);
}

// In use by slabs of small blocks.
PageMask small_blocks(std::size_t superslab) {
    PageMask found = 0;
    for (unsigned page = 0; page < kPagesPerSuperslab; ++page) {
        const SizeClass c = window.header(first_page_of(superslab) + page).size_class();
        if (c != 0 && class_size(c) <= kSmallBlock) found |= run_mask(page, 1);
    }
    return found;
}

// Whether the lowest page of the heap belongs to a slab, which no program changes as a whole.
bool lowest_is_in_slab() {
    const PageHeader lowest = window.header(window.first_page);
    return lowest.size_class() != 0 || lowest.shard() > kBusyFence.shard(); // or a mixed one
}

} // namespace

// Of a run: pages around it that lie in one mapping with it, as far as the map knows, and a page more. None
// if the run itself lies in several.
struct Superslabs::Surroundings {
    Page begin = 0;
    Page end = 0; // is mapped: it can be the last page asked about
    bool has_usual = false;
    // Of the superslabs from the run's first one down, and from its last one up.
    std::uint32_t lowest = 0;
    std::uint32_t first = 0;
    std::uint32_t last = 0;
    std::uint32_t highest = 0;
    std::uint32_t returns_below[kReach + 1];
    std::uint32_t returns_above[kReach + 1];
};

Superslabs::Surroundings Superslabs::surroundings(Page first, std::size_t pages) {
    Surroundings s; // one object, also for the caller: it is large
    s.first = first / kPagesPerSuperslab;
    s.last = static_cast<Page>(first + pages - 1) / kPagesPerSuperslab;
    PageMask usual = 0;
    const os::Guard guard(mutex_);
    returned_runs_.store(0, std::memory_order_relaxed);
    const auto look = [&](std::size_t superslab, std::uint32_t& returns) {
        const PageMap::Known known = map_.known(superslab);
        if (known.displaced != 0) return false;
        usual |= known.usual & ~kLast;
        returns = known.returns;
        return true;
    };
    s.lowest = s.first;
    s.highest = s.last;
    if (map_.any_displaced(first_page_of(s.first), (s.last - s.first + 1) * kPagesPerSuperslab)) {
        if (s.first != s.last) return s;
        const PageMap::Known known = map_.known(s.first);
        const unsigned offset = first % kPagesPerSuperslab;
        const auto length = static_cast<unsigned>(pages);
        const PageMask run = run_mask(offset, length);
        const PageMask from_run = ~(run_mask(offset, 1) - 1) & ~run_mask(offset, 1);
        if ((known.borders & run & from_run) != 0) return s;
        const PageMask before = known.borders & ~from_run;
        const PageMask behind = known.borders & from_run;
        const unsigned begin = before == 0 ? 0 : static_cast<unsigned>(std::bit_width(before)) - 1;
        const unsigned end =
            behind == 0 ? kPagesPerSuperslab : static_cast<unsigned>(std::countr_zero(behind));
        s.returns_below[0] = s.returns_above[0] = known.returns;
        s.begin = first_page_of(s.first) + begin;
        s.end = first_page_of(s.first) + end;
        usual = known.usual & run_mask(begin, end - begin) & ~kLast;
    } else {
        look(s.first, s.returns_below[0]);
        look(s.last, s.returns_above[0]);
        const std::size_t bottom = window.first_page / kPagesPerSuperslab;
        while (s.lowest > bottom && s.first - s.lowest < kReach && is_open(s.lowest - 1) &&
               !ends_in_fence(s.lowest - 1) && look(s.lowest - 1, s.returns_below[s.first - s.lowest + 1]))
            --s.lowest;
        while (s.highest + 1 < map_.opened() && s.highest - s.last < kReach && is_open(s.highest + 1) &&
               !ends_in_fence(s.highest) && look(s.highest + 1, s.returns_above[s.highest - s.last + 1]))
            ++s.highest;
        s.begin = first_page_of(s.lowest);
        s.end = first_page_of(s.highest + 1);
    }
    if (s.end % kPagesPerSuperslab == 0) --s.end; // the next superslab may be unmapped
    s.has_usual = usual != 0;
    return s;
}

bool Superslabs::has_usual_page(const Surroundings& around) {
    if (around.has_usual) return true;
    if (around.begin == window.first_page && lowest_is_in_slab()) return true;
    for (std::size_t s = around.lowest; s <= around.highest; ++s) {
        PageMask found = small_blocks(s);
        if (s == around.begin / kPagesPerSuperslab)
            found &= ~(run_mask(around.begin % kPagesPerSuperslab, 1) - 1);
        if (s == around.end / kPagesPerSuperslab) found &= run_mask(around.end % kPagesPerSuperslab, 1) - 1;
        if (found != 0) return true;
    }
    return false;
}

void Superslabs::note_checked(const Surroundings& around) {
    const auto pages_in = [&](std::size_t superslab) {
        const Page page = first_page_of(superslab);
        const Page begin = std::max(around.begin, page) - page;
        const Page end = std::min(around.end, page + kPagesPerSuperslab) - page;
        return begin < end ? run_mask(begin, end - begin) : PageMask{0};
    };
    const os::Guard guard(mutex_);
    for (std::size_t s = around.lowest; s <= around.first; ++s)
        map_.set_checked(s, pages_in(s), around.returns_below[around.first - s]);
    for (std::size_t s = around.last; s <= around.highest; ++s)
        map_.set_checked(s, pages_in(s), around.returns_above[s - around.last]);
}

// The nearest usual page of the run's last superslab, kNone if there is none.
Superslabs::Answer Superslabs::ask_about_run(Page first, std::size_t pages) {
    const auto end = static_cast<Page>(first + pages);
    const unsigned place = end % kPagesPerSuperslab; // the page asked about last is to be mapped
    if (os::page_size() == kPageSize || place == 0) return Answer::kNone;
    const Page superslab = end - place;
    const PageMask others =
        place > pages ? ~run_mask(place - static_cast<unsigned>(pages), static_cast<unsigned>(pages))
                      : ~(run_mask(place, 1) - 1);
    PageMask usual = usual_pages(superslab / kPagesPerSuperslab) & others;
    if (usual == 0) usual = small_blocks(superslab / kPagesPerSuperslab) & others;
    if (usual == 0) return Answer::kNone;
    bool is_one = false;
    if (const PageMask behind = usual >> place; behind != 0) {
        is_one = is_one_mapping(first, end + static_cast<Page>(std::countr_zero(behind)) + 1, 0);
    } else {
        is_one =
            is_one_mapping(superslab + static_cast<Page>(std::bit_width(usual)) - 1, end, os::page_size());
    }
    return is_one ? Answer::kYes : Answer::kNo;
}

Superslabs::Answer Superslabs::ask_about_surroundings(Page first, std::size_t pages) {
    if (const unsigned left_out = questions_to_leave_out_.load(std::memory_order_relaxed); left_out != 0) {
        questions_to_leave_out_.store(left_out - 1, std::memory_order_relaxed);
        return Answer::kNone;
    }
    const Surroundings around = surroundings(first, pages);
    if (first + pages > around.end || !has_usual_page(around)) return Answer::kNone;
    if (is_one_mapping(around.begin, around.end, os::page_size())) {
        note_checked(around);
        return Answer::kYes;
    }
    questions_to_leave_out_.store(kQuestionsLeftOut, std::memory_order_relaxed);
    return Answer::kNo;
}

// Whether nobody changed the run. (Another thread may take a usual page and change it in the same way at this
// moment. Then the run keeps what was done to it.)
bool Superslabs::is_usual(Page first, std::size_t pages) {
    const bool others = returned_runs_.load(std::memory_order_relaxed) != 0;
    if (others && ask_about_surroundings(first, pages) == Answer::kYes) return true;
    Answer answer = ask_about_run(first, pages);
    if (!others && answer == Answer::kNone) answer = ask_about_surroundings(first, pages);
    return answer == Answer::kYes;
}

PageMask Superslabs::usual_pages(std::size_t superslab) {
    const os::Guard guard(mutex_);
    return map_.known(superslab).usual;
}

// The process may have as many mappings as it can, so that none can be split. What a program changed as a
// whole is one mapping, and most of it is free if not all. With the free pages around it nothing is split.
void Superslabs::reset_with_free_pages(Page first, std::size_t pages) {
    Page begin = first;
    auto end = static_cast<Page>(first + pages);
    {
        const os::Guard guard(mutex_);
        while (begin > window.first_page && map_.all_free(begin - 1, 1))
            --begin;
        while (end / kPagesPerSuperslab < map_.opened() && map_.all_free(end, 1))
            ++end;
    }
    os::reset_attributes(window.address_of(begin), (end - begin) * kPageSize);
}

// To be called for unchecked pages that nobody else can get. False if they were lost. Where the kernel
// refuses all of it they are taken for accessible, as nearly all are.
bool Superslabs::take_back_changes(Page first, std::size_t pages) {
    if (is_usual(first, pages)) return true;
    if (!os::reset_attributes(window.address_of(first), pages * kPageSize)) {
        const os::Change renewed = renew(first, pages);
        if (renewed != os::Change::kRefused) return renewed == os::Change::kDone;
        reset_with_free_pages(first, pages);
        return true;
    }
    os::mark_still_free(window.address_of(first), pages * kPageSize);
    advise_again(first, pages);
    return true;
}

// Of pages that a program gives back. Locks count against a limit of its own, which may be low. So they are
// not left until the pages are taken or purged, once a lock was found on free pages.
void Superslabs::take_off_locks(Page first, std::size_t pages) {
    if (!os::locks_are_left()) return;
    char* const start = window.address_of(first);
    if (os::any_locked(start, pages * kPageSize)) os::unlock(start, pages * kPageSize);
}

// The new mapping has none of the advice that the superslab was given.
os::Change Superslabs::renew(Page first, std::size_t pages) {
    char* const start = window.address_of(first);
    const os::Change result = os::renew(start, pages * kPageSize);
    if (result == os::Change::kDone) advise_again(first, pages);
    return result;
}

} // namespace ashlar::layout
