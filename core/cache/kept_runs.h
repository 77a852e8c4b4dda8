// SPDX-License-Identifier: MIT
//
// The runs of large blocks that a thread released lately and may ask for again. So buffers of up to 1 MiB
// which come and go need no lock that other threads want too.
//
// Only lengths that were asked for again and again are kept: what is released once belongs to all threads.
// For the owning thread; the number of slices may be read by others.
#pragma once

#include "layout/window.h"
#include "os/topology.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace ashlar::observe {
struct Tables;
}

namespace ashlar::cache {

class KeptRuns {
  public:
    static constexpr std::size_t kMostSlices = 16; // of a run, and of all

    // One of exactly so many slices of the node, the one that was kept last; 0 if there is none. Counts as
    // asking for that length.
    layout::Slice take(std::size_t slices, os::Node node);
    // This length was asked for often of late.
    bool is_asked_often(std::size_t slices) const {
        return slices <= kMostSlices && asked_[slices] >= kOften;
    }
    // Keeps one that was asked for often, and is not above `most`, what all together may have. Calls
    // give(first, slices) for the oldest until there is room; true if there was.
    template <typename Give>
    bool keep(layout::Slice first, std::size_t slices, os::Node node, std::size_t most, Give give) {
        const auto full = [&] {
            return count_ == kMostRuns || this->slices() + slices > std::min(most, kMostSlices);
        };
        const bool had_room = !full();
        while (full())
            give_oldest(give);
        add({first, static_cast<std::uint16_t>(slices), node});
        return had_room;
    }
    template <typename Give>
    void give_all(Give give) {
        while (count_ != 0)
            give_oldest(give);
    }
    // Once every purge delay: what was asked for until now counts half.
    void forget();
    // Of a new thread.
    void reset();

    std::size_t slices() const { return slices_.load(std::memory_order_relaxed); }

  private:
    friend struct observe::Tables; // tells other processes where things are
    static constexpr unsigned kMostRuns = 8;
    static constexpr unsigned kOften = 8;

    struct Kept {
        layout::Slice first;
        std::uint16_t slices;
        os::Node node;
    };
    void add(Kept run);
    Kept remove(unsigned index);
    template <typename Give>
    void give_oldest(Give give) {
        const Kept run = remove(0);
        give(run.first, run.slices);
    }

    std::array<Kept, kMostRuns> runs_;
    std::atomic<std::uint32_t> slices_;
    std::uint8_t count_;
    std::array<std::uint8_t, kMostSlices + 1> asked_; // by length, as far as it matters
};

} // namespace ashlar::cache
