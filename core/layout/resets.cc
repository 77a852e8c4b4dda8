// SPDX-License-Identifier: MIT
//
// What a program did to the pages of its blocks is taken back when they are free: see superslab.h.
#include "layout/superslab.h"
#include "os/huge_pages.h"
#include "os/marking.h"
#include "os/page_attributes.h"

#include <bit>

namespace ashlar::layout {

namespace {

constexpr std::size_t kSmallBlock = 1024; // a page of such blocks belongs to many

} // namespace

// Pages that no program changed as a whole. Those of a run were reset when it became free. A slab of small
// blocks has many owners.
PageMask Superslabs::usual_pages(std::size_t superslab) {
    PageMask usual = free_pages(superslab);
    for (unsigned page = 0; page < kPagesPerSuperslab; ++page) {
        const SizeClass c = window.header(first_page_of(superslab) + page).size_class();
        if (c != 0 && class_size(c) <= kSmallBlock) usual |= run_mask(page, 1);
    }
    return usual;
}

// The run and a usual page of the same superslab are one mapping: nobody changed the run. (Another thread may
// take a free page and change it in the same way at this moment. Then the run keeps what was done to it.)
bool Superslabs::is_like_neighbour(Page first, std::size_t pages) {
    const auto is_one_mapping = [](Page begin, Page end, std::size_t more) {
        return os::is_one_mapping_but_for_last_page(window.address_of(begin),
                                                    (end - begin) * kPageSize + more);
    };
    const auto end = static_cast<Page>(first + pages);
    const unsigned place = end % kPagesPerSuperslab; // the page asked about last is to be mapped
    if (os::page_size() == kPageSize || place == 0) return false;
    const PageMask usual = usual_pages(end / kPagesPerSuperslab);
    if (const PageMask behind = usual >> place; behind != 0)
        return is_one_mapping(first, end + static_cast<Page>(std::countr_zero(behind)) + 1, 0);
    const PageMask before = place > pages ? usual & run_mask(0, place - static_cast<unsigned>(pages)) : 0;
    if (before == 0) return false;
    const auto nearest = static_cast<Page>(std::bit_width(before)) - 1;
    return is_one_mapping(first_page_of(end / kPagesPerSuperslab) + nearest, end, os::page_size());
}

// Whether the lowest page of the heap belongs to a slab or is free, which no program changes as a whole.
// Large blocks that a program changed would be one mapping if there were no other pages. False of a run that
// begins there itself.
bool Superslabs::lowest_is_usual(Page first) {
    const PageHeader lowest = window.header(window.first_page);
    const bool in_slab = lowest.size_class() != 0 || lowest.shard() > kBusyFence.shard(); // or a mixed one
    return first != window.first_page && (in_slab || lowest == kUnused);
}

// The whole heap is one mapping.
bool Superslabs::is_like_all(Page first, std::size_t pages) const {
    const Page begin = window.first_page;
    const Page end = first_page_of(map_.opened());
    return map_.none_displaced() && lowest_is_usual(first) && first + pages < end &&
           os::is_one_mapping_but_for_last_page(window.address_of(begin), (end - begin) * kPageSize);
}

// Takes back what a program did to pages that nobody has now. False if they were lost. Where the kernel
// refuses all of it they are taken for accessible, as nearly all are.
bool Superslabs::reset(Page first, std::size_t pages) {
    if (is_like_neighbour(first, pages) || is_like_all(first, pages)) return true;
    if (!os::reset_attributes(window.address_of(first), pages * kPageSize))
        return renew(first, pages) != os::Change::kLost;
    os::mark_still_free(window.address_of(first), pages * kPageSize);
    advise_again(first, pages);
    return true;
}

// The new mapping has none of the advice that the superslab was given.
os::Change Superslabs::renew(Page first, std::size_t pages) {
    char* const start = window.address_of(first);
    const os::Change result = os::renew(start, pages * kPageSize);
    if (result == os::Change::kDone) advise_again(first, pages);
    return result;
}

} // namespace ashlar::layout
