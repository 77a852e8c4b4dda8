// SPDX-License-Identifier: MIT
#include "layout/window.h"

#include "os/huge_pages.h"
#include "os/page_memory.h"

#include <algorithm>
#include <bit>

namespace ashlar::layout {

constinit Window window;

namespace {

// A part grows by an eighth of itself, so that the number of system calls is logarithmic, within these
// bounds; the lower one is a multiple of every page size Linux uses.
constexpr std::size_t kMinStep = 64 * 1024;
constexpr std::size_t kMaxStep = std::size_t{4} << 20;

constexpr std::size_t round_up(std::size_t value, std::size_t unit) {
    return (value + unit - 1) / unit * unit;
}

constexpr std::size_t kPoolShare = 32;    // of the window
constexpr std::size_t kThreadsShare = 16; // of the window, but at most:
constexpr std::size_t kMaxThreads = std::size_t{512} << 20;
constexpr std::size_t kGuard = kPageSize; // at least

} // namespace

void MetadataPart::place(std::uintptr_t start, std::size_t size) {
    start_ = start;
    size_ = size;
    committed_.store(0, std::memory_order_relaxed);
}

bool MetadataPart::grow_to(std::size_t needed) {
    const std::size_t have = committed();
    if (needed <= have) return true;
    if (needed > size_) return false;
    const std::size_t step = std::clamp(round_up(have / 8, kMinStep), kMinStep, kMaxStep);
    for (const std::size_t target : {have + step, round_up(needed, kMinStep)}) {
        const std::size_t end = std::min(std::max(target, round_up(needed, kMinStep)), size_);
        if (os::commit(reinterpret_cast<void*>(start_ + have), end - have)) {
            committed_.store(end, std::memory_order_relaxed);
            return true;
        }
    }
    return false;
}

bool Window::reserve(std::size_t wanted) {
    std::size_t length = std::bit_floor(std::max(wanted, kMinWindow));
    const std::size_t first_length = length;
    void* space = os::reserve(length + kSuperslabSize);
    while (space == nullptr && length > kMinWindow) {
        length /= 2;
        space = os::reserve(length + kSuperslabSize);
    }
    if (space == nullptr) return false;
    // If that cannot be given back, it is not to be lost either.
    if (length != first_length && os::unreserve(space, length + kSuperslabSize)) {
        length /= 2;
        if (length < kMinWindow) return false;
        space = os::reserve(length + kSuperslabSize);
        if (space == nullptr) return false;
    }

    // On a system that gives huge pages unasked, a small heap would be several times as large.
    os::advise_small_pages(space, length + kSuperslabSize);

    const std::uintptr_t start = round_up(reinterpret_cast<std::uintptr_t>(space), kSuperslabSize);
    std::uintptr_t end = start + length;
    const auto place_at_end = [&](MetadataPart& part, std::size_t bytes) {
        end -= round_up(bytes, kPageSize);
        part.place(end, round_up(bytes, kPageSize));
    };
    const std::size_t pages = length / kPageSize;
    place_at_end(pool, length / kPoolShare);
    place_at_end(threads, std::min(length / kThreadsShare, kMaxThreads));
    place_at_end(superslab_states, length / kSuperslabSize * kSuperslabStateSize);
    place_at_end(slab_descriptors, pages * kSlabDescriptorSize);
    header_lines.place(start, round_up(pages * sizeof(AtomicPageHeader), kPageSize));
    if (!os::commit_readable(reinterpret_cast<void*>(start), header_lines.size())) {
        os::unreserve(space, length + kSuperslabSize);
        return false;
    }
    first_page = static_cast<Page>(round_up(header_lines.size() + kGuard, kSuperslabSize) >> kPageShift);
    end_page = static_cast<Page>((end - kGuard - start) / kSuperslabSize * kPagesPerSuperslab);
    base = start;
    size = length;
    return true;
}

std::size_t Window::metadata_committed() const {
    return header_lines.committed() + slab_descriptors.committed() + superslab_states.committed() +
           threads.committed() + pool.committed();
}

} // namespace ashlar::layout
