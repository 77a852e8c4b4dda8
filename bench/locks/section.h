// SPDX-License-Identifier: MIT
// Contents of critical sections: allocations, and checks that the lock keeps its promise.
#pragma once

#include "locks/run.h"
#include "support/block.h"
#include "support/cache_line.h"

#include <array>
#include <atomic>

namespace bench::locks {

inline constexpr SizeRange kSizes(16, 512);

inline std::size_t size_of_block(const Parameters& parameters, Worker& worker) {
    if (parameters.allocate_mib_per_op != 0) {
        return parameters.allocate_mib_per_op << 20;
    }
    Draw draw = worker.draw();
    return kSizes.pick(draw);
}

// Allocates a block, and releases it in the same critical section.
inline void allocate_and_free(Run& run, Worker& worker) {
    TouchedBlock block{};
    block.acquire(size_of_block(run.parameters, worker), worker.index);
    block.release();
}

// A place for at most `most` threads at a time.
class Room {
  public:
    explicit Room(std::uint32_t most) : most_(most) {}

    void enter(Run& run) {
        const std::uint32_t inside = inside_.fetch_add(1, std::memory_order_relaxed) + 1;
        if (inside > most_) {
            run.error("%u are inside where %u may be", inside, most_);
        }
    }
    void leave() { inside_.fetch_sub(1, std::memory_order_relaxed); }

  private:
    const std::uint32_t most_;
    std::atomic<std::uint32_t> inside_{0};
};

// A table of blocks that one lock protects. A visit replaces one block, so it may free a block of another
// thread. A visit that allocates MiB frees them before it ends.
class alignas(kCacheLinePair) Section {
  public:
    ~Section() {
        for (TouchedBlock& block : table_) {
            if (block.held()) {
                block.release();
            }
        }
    }
    Section() = default;
    Section(const Section&) = delete;
    Section& operator=(const Section&) = delete;

    // The caller holds the lock.
    void visit(Run& run, Worker& worker) {
        begin_visit(run, worker);
        worker.hold();
        end_visit();
    }

    // The two halves of visit(), for callers that do something else between them.
    void begin_visit(Run& run, Worker& worker) {
        room_.enter(run);
        ++visits_;
        if (run.parameters.allocate_mib_per_op != 0) {
            allocate_and_free(run, worker);
        } else {
            replace(run, worker);
        }
    }
    void end_visit() { room_.leave(); }

    // The counter is not atomic: if two threads were inside at a time, some visits are missing.
    std::uint64_t visits() const { return visits_; }

  private:
    static constexpr std::uint32_t kBlocks = 64;

    void replace(Run& run, Worker& worker) {
        TouchedBlock& block = table_[worker.below(kBlocks)];
        if (block.held()) {
            block.release();
        }
        block.acquire(size_of_block(run.parameters, worker), visits_);
    }

    Room room_{1};
    std::uint64_t visits_ = 0;
    std::array<TouchedBlock, kBlocks> table_{};
};

} // namespace bench::locks
