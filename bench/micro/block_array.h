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
    // As many blocks as make up `bytes`, at least one and at most `most`.
    BlockArray(std::int64_t bytes, std::int64_t size, std::int64_t most)
        : size_(static_cast<std::size_t>(size)),
          blocks_(static_cast<std::size_t>(std::clamp<std::int64_t>(bytes / size, 1, most))) {}

    std::size_t count() const { return blocks_.size(); }

    // Calls touch(block, size) for each block. Ends the benchmark if memory runs out.
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

    // Releases all blocks in the order of allocation.
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
