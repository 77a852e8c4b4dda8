// SPDX-License-Identifier: MIT
// Blocks of one size that are held at the same time.
#pragma once

#include "micro/counters.h"
#include "micro/sizes.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace bench::micro {

class BlockArray {
  public:
    // As many as are so many bytes: at least one, at most as many as `most`.
    BlockArray(std::int64_t bytes, std::int64_t size, std::int64_t most)
        : size_(static_cast<std::size_t>(size)),
          blocks_(static_cast<std::size_t>(std::clamp<std::int64_t>(bytes / size, 1, most))) {}

    std::size_t count() const { return blocks_.size(); }

    // Calls touch(block, size) for each. Where memory ends the benchmark does.
    template <typename Touch>
    void allocate(benchmark::State& state, const Touch& touch) {
        for (void*& block : blocks_) {
            block = std::malloc(size_);
            if (!touched(state, block)) {
                break;
            }
            touch(block, size_);
        }
    }

    // In the order of allocation.
    void release() {
        for (void*& block : blocks_) {
            std::free(std::exchange(block, nullptr));
        }
    }

  private:
    std::size_t size_;
    std::vector<void*> blocks_;
};

} // namespace bench::micro
