// SPDX-License-Identifier: MIT
#include "free_blocks.h"

#include "board.h"
#include "common/build_kind.h"
#include "common/class_sizes.h"
#include "common/heap.h"
#include "common/report.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <span>
#include <sys/resource.h>

namespace soak {

using common::fail;
namespace heap = common::heap;

namespace {

constexpr std::size_t kLargestClass = std::size_t{32} << 10;
constexpr std::size_t kBytes = std::size_t{256} << 10; // bytes of each class, enough for several slabs
constexpr rlim_t kSeconds = common::kSanitized ? 30 : 3;

// Limits the processor time for this check, not for the program: a bug may cause an endless loop that uses up
// memory.
class ProcessorTimeLimit {
  public:
    explicit ProcessorTimeLimit(rlim_t seconds) {
        rusage used{};
        getrusage(RUSAGE_SELF, &used);
        getrlimit(RLIMIT_CPU, &before_);
        const auto spent = static_cast<rlim_t>(used.ru_utime.tv_sec + used.ru_stime.tv_sec);
        set({spent + seconds, before_.rlim_max});
    }
    ~ProcessorTimeLimit() { set(before_); }
    ProcessorTimeLimit(const ProcessorTimeLimit&) = delete;
    ProcessorTimeLimit& operator=(const ProcessorTimeLimit&) = delete;

  private:
    static void set(const rlimit& limit) {
        if (setrlimit(RLIMIT_CPU, &limit) != 0) fail("setrlimit: %s", std::strerror(errno));
    }

    rlimit before_{};
};

// Requires that the blocks, sorted by address, do not overlap each other or the model's.
void require_apart(std::span<char* const> blocks, std::size_t size, const common::Model& model) {
    for (std::size_t i = 1; i < blocks.size(); i++) {
        if (blocks[i] < blocks[i - 1] + size) {
            fail("free blocks of %zu bytes overlap: %p and %p", size, static_cast<void*>(blocks[i - 1]),
                 static_cast<void*>(blocks[i]));
        }
    }
    for (std::size_t slot = 0; slot < model.slots(); slot++) {
        const common::Block& held = model.block(slot);
        if (held.address == nullptr) continue;
        auto* const begin = static_cast<char*>(held.address);
        const auto next = std::lower_bound(blocks.begin(), blocks.end(), begin);
        const bool overlaps_next =
            next != blocks.end() && *next < begin + std::max<std::size_t>(held.usable, 1);
        const bool overlaps_last = next != blocks.begin() && *(next - 1) + size > begin;
        if (overlaps_next || overlaps_last) {
            fail("a free block of %zu bytes overlaps one in use, %p of %zu", size, held.address, held.usable);
        }
    }
}

// Does not touch the blocks, which would take most of the time.
void check_class(std::size_t size, const common::Model& model) {
    static std::array<char*, 8192> taken; // static, because allocating would disturb the check
    const auto blocks = std::span(taken).first(
        std::min(taken.size(), static_cast<std::size_t>(common::scaled(kBytes / size))));
    my_place->begin(Activity::kTakeFree);
    for (char*& block : blocks)
        block = static_cast<char*>(heap::allocate_or_fail(size));
    std::sort(blocks.begin(), blocks.end());
    require_apart(blocks, size, model);
    for (char* const block : blocks)
        heap::release(block);
    my_place->done();
}

} // namespace

void check_free_blocks(const common::Model& model, std::size_t only) {
    const ProcessorTimeLimit limit(kSeconds);
    if (only != 0 && only <= kLargestClass) {
        check_class(only, model);
    } else {
        common::for_each_class_size(kLargestClass, [&model](std::size_t size) { check_class(size, model); });
    }
}

} // namespace soak
