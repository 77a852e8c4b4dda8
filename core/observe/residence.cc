// SPDX-License-Identifier: MIT
#include "observe/residence.h"

#include "layout/superslab.h"
#include "layout/window.h"
#include "os/page_memory.h"
#include "slab/mixed_slab.h"

#include <algorithm>

namespace ashlar::observe {

namespace {

using layout::kSliceSize;
using layout::kSlicesPerSuperslab;
using layout::kSuperslabSize;
using layout::Slice;
using layout::SliceMask;

constexpr std::size_t kLeastSystemPage = 4096;

void add_superslab(std::size_t superslab, const unsigned char* answers, Residence& residence) {
    const SliceMask free = layout::superslabs.free_slices(superslab);
    const std::size_t in_slice = kSliceSize / os::page_size();
    for (unsigned i = 0; i < kSlicesPerSuperslab; ++i) {
        const layout::SliceHeader header =
            layout::window.header(layout::first_slice_of(superslab) + static_cast<Slice>(i));
        const bool of_slab = header.size_class() != 0 || slab::is_mixed(header);
        std::size_t& sum = (free >> i & 1U) != 0 ? residence.free
                           : of_slab             ? residence.slabs
                                                 : residence.large;
        const unsigned char* const of_slice = answers + i * in_slice;
        sum += static_cast<std::size_t>(std::count(of_slice, of_slice + in_slice, 1)) * os::page_size();
    }
}

} // namespace

Residence measure_residence() {
    Residence residence;
    const std::size_t end = std::min(layout::superslabs.opened(), layout::window.size() / kSuperslabSize);
    for (std::size_t s = layout::window.first_slice / kSlicesPerSuperslab; s < end; ++s) {
        const Slice first = layout::first_slice_of(s);
        if (layout::window.header(first) == layout::kNotOurs) continue; // withdrawn, or not of the heap
        unsigned char answers[kSuperslabSize / kLeastSystemPage];
        if (os::ask_resident(layout::window.address_of(first), kSuperslabSize, answers)) {
            add_superslab(s, answers, residence);
        } else if (layout::window.header(first) != layout::kNotOurs) {
            residence.known = false;
        }
    }
    layout::window.for_each_part([&residence](const layout::MetadataPart& part) {
        auto* const start = reinterpret_cast<void*>(part.start());
        residence.known &= os::find_resident(start, part.committed(), residence.metadata);
    });
    return residence;
}

} // namespace ashlar::observe
