// SPDX-License-Identifier: MIT
//
// The runs of large blocks that a thread released recently and may request again. So buffers of up to 1 MiB
// that are released and requested repeatedly need no shared lock.
// Only lengths that were requested often are kept. Other runs are returned to all threads. Only the owning
// thread calls this class, but any thread may read slices().
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
    static constexpr std::size_t kMostSlices = 16; // slices in one run, and in all runs together, at most

    // Returns the last kept run of exactly `slices` slices on `node`, or 0. Counts as a request for that
    // length.
    layout::Slice take(std::size_t slices, os::Node node);
    // Returns whether this length was requested often recently.
    bool is_asked_often(std::size_t slices) const {
        return slices <= kMostSlices && asked_[slices] >= kOften;
    }
    // Keeps a run whose length is requested often and at most `most`, the bound for all kept runs. Calls
    // give(first, slices) for the oldest runs until there is room. Returns whether there was room at once.
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
    // Halves the counts of requests. Called once per purge delay.
    void forget();
    // Resets the state for a new thread.
    void reset();

    std::size_t slices() const { return slices_.load(std::memory_order_relaxed); }

  private:
    friend struct observe::Tables; // publishes member offsets to other processes
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
    std::array<std::uint8_t, kMostSlices + 1> asked_; // requests by length, saturating
};

} // namespace ashlar::cache
