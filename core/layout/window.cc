// SPDX-License-Identifier: MIT
#include "layout/window.h"

#include "os/huge_pages.h"
#include "os/round_up.h"

#include <algorithm>
#include <bit>
#include <sys/auxv.h>

namespace ashlar::layout {

constinit Window window;

namespace {

// A part grows by 1/8 of its size within these bounds, so the number of system calls is logarithmic. The
// lower bound is a multiple of every page size that Linux uses.
constexpr std::size_t kMinStep = 64 * 1024;
constexpr std::size_t kMaxStep = std::size_t{4} << 20;

constexpr std::size_t kPoolShare = 32;    // pool: 1/32 of the addresses for superslabs
constexpr std::size_t kThreadsShare = 16; // thread caches: 1/16 of them, but at most:
constexpr std::size_t kMaxThreads = std::size_t{512} << 20;
constexpr std::size_t kGuard = kSliceSize;
constexpr std::size_t kMostReserved = std::size_t{1} << 40;

// Addresses that no kernel layout uses by default. They are above programs at fixed addresses and the address
// sanitizer's shadow, and below the mappings. Legacy layouts begin these at 1/3 of all addresses.
struct Region {
    std::uintptr_t low;
    std::uintptr_t high;
    std::size_t most; // bytes for superslabs; the tables take up to 1/8 more, and the rest is for chance
};
[[maybe_unused]] constexpr std::size_t kGi = std::size_t{1} << 30;
constexpr std::size_t kTi = std::size_t{1} << 40;

Region free_region() {
#if defined(__SANITIZE_THREAD__) && !defined(ASHLAR_SCHEDULES)
    return {}; // its shadow memory covers only the kernel's mappings
#elif defined(__x86_64__)
    return {.low = 22 * kTi, .high = 42 * kTi, .most = 8 * kTi};
#elif defined(__aarch64__)
    const int width = std::bit_width(::getauxval(AT_RANDOM)); // of an address near the stack's end
    switch (width) {
    case 48:
        return {.low = 34 * kTi, .high = 62 * kTi, .most = 8 * kTi};
    case 39:
        return {.low = 40 * kGi, .high = 120 * kGi, .most = 64 * kGi};
    default: // pages of 16 or 64 KiB: the same shares as with 48 bits
        if (width < 36 || width > 52) return {};
        const std::uintptr_t part = std::uintptr_t{1} << (width - 8);
        return {.low = 34 * part, .high = 62 * part, .most = std::min(14 * part, 8 * kTi)};
    }
#else
    return {};
#endif
}

// Returns the process's own address randomness. Programs that switch it off get the same addresses again.
std::uint64_t random_address_bits(const void* ours) {
    return reinterpret_cast<std::uintptr_t>(ours) ^ std::rotl(std::uint64_t{::getauxval(AT_RANDOM)}, 32);
}

// The finalizer of MurmurHash3 (public domain).
std::uint64_t mix(std::uint64_t bits) {
    bits = (bits ^ (bits >> 33)) * 0xff51afd7ed558ccd;
    bits = (bits ^ (bits >> 33)) * 0xc4ceb9fe1a85ec53;
    return bits ^ (bits >> 33);
}

} // namespace

void MetadataPart::place(std::uintptr_t start, std::size_t size, os::Hold hold) {
    start_ = start;
    size_ = size;
    hold_ = hold;
    committed_.store(0, std::memory_order_relaxed);
    blocked_.store(false, std::memory_order_relaxed);
}

bool MetadataPart::grow_to(std::size_t needed) {
    const std::size_t have = committed();
    if (needed <= have) return true;
    if (needed > size_ || is_blocked()) return false;
    const std::size_t step = std::clamp(os::round_up(have / 8, kMinStep), kMinStep, kMaxStep);
    const std::size_t least = std::min(os::round_up(needed, kMinStep), size_);
    const std::size_t most = std::min(std::max(have + step, least), size_);
    os::Opened opened{};
    for (std::size_t end = most;; end = least) {
        opened = os::open_pages(reinterpret_cast<void*>(start_ + have), end - have, hold_);
        if (opened != os::Opened::kDone) {
            if (end == least) break;
            continue;
        }
        // Systems that give huge pages unasked would make a small heap several times as large.
        if (end >= kSuperslabSize) os::advise_small_pages(reinterpret_cast<void*>(start_), end);
        committed_.store(end, std::memory_order_relaxed);
        return true;
    }
    if (opened == os::Opened::kOccupied) blocked_.store(true, std::memory_order_relaxed);
    return false;
}

void MetadataPart::give_up() {
    const std::size_t have = committed();
    if (have == 0 || os::close_pages(reinterpret_cast<void*>(start_), have, hold_) == os::Change::kDone) {
        place(start_, size_, hold_);
    }
}

// Places the tables. Returns the address at which the superslabs begin.
std::uintptr_t Window::place_parts(std::uintptr_t start, std::size_t length, os::Hold how) {
    std::uintptr_t next = start;
    const auto place = [&](MetadataPart& part, std::size_t bytes) {
        part.place(next, os::round_up(bytes, kSliceSize), how);
        next += part.size() + kGuard;
    };
    const std::size_t slices = length / kSliceSize;
    place(header_lines, slices * sizeof(AtomicSliceHeader));
    place(slab_descriptors, slices * kSlabDescriptorSize);
    place(superslab_states, length / kSuperslabSize * kSuperslabStateSize);
    place(threads, std::min(length / kThreadsShare, kMaxThreads));
    place(pool, length / kPoolShare);
    place(live_bytes, length / kAlignment);
    return os::round_up(next, kSuperslabSize);
}

bool Window::begin_tables() {
    return grow_slice_tables(first_slice) && superslab_states.grow_to(1) && threads.grow_to(1) &&
           pool.grow_to(1);
}

void Window::give_up_tables() {
    for (MetadataPart* part : {&header_lines, &slab_descriptors, &superslab_states, &threads, &pool})
        part->give_up();
}

Window::Claim Window::claim(std::size_t length) {
    constexpr unsigned kAttempts = 16;
    const Region region = free_region();
    if (region.most == 0) return Claim::kNoPlace;
    length = std::min(length, region.most);
    const std::size_t whole = place_parts(0, length, os::Hold::kClaimed) + length;
    const std::uint64_t choices = (region.high - region.low - whole) / kSuperslabSize;
    std::uint64_t random = random_address_bits(this);
    for (unsigned attempt = 0; attempt < kAttempts; ++attempt) {
        random = mix(random + 1);
        const std::uintptr_t start = region.low + random % choices * kSuperslabSize;
        const std::uintptr_t first = place_parts(start, length, os::Hold::kClaimed);
        if (begin_tables()) {
            hold = os::Hold::kClaimed;
            base = first;
            end_slice = static_cast<Slice>(length / kSliceSize);
            return Claim::kDone;
        }
        const bool occupied = is_blocked();
        give_up_tables();
        if (!occupied) return Claim::kNoMemory;
    }
    return Claim::kNoPlace;
}

// Reserves as much as fits, by halving. If less than `length` fits, there is a limit, under which the
// fallback, stacks and files live too. Then half of what fits is taken.
bool Window::reserve(std::size_t length) {
    length = std::min(length, kMostReserved);
    const auto whole = [this](std::size_t bytes) {
        return place_parts(0, bytes, os::Hold::kReserved) + bytes + kSuperslabSize;
    };
    const std::size_t first_length = length;
    void* space = os::reserve(whole(length));
    while (space == nullptr && length > kMinWindow) {
        length /= 2;
        space = os::reserve(whole(length));
    }
    if (space == nullptr) return false;
    // If unreserve() fails, the whole space is used.
    if (length != first_length && os::unreserve(space, whole(length))) {
        length /= 2;
        if (length < kMinWindow) return false;
        space = os::reserve(whole(length));
        if (space == nullptr) return false;
    }
    os::advise_small_pages(space, whole(length));
    const std::uintptr_t first =
        place_parts(reinterpret_cast<std::uintptr_t>(space), length, os::Hold::kReserved);
    if (!begin_tables()) {
        os::unreserve(space, whole(length));
        return false;
    }
    hold = os::Hold::kReserved;
    base = first;
    end_slice = static_cast<Slice>(length / kSliceSize);
    return true;
}

bool Window::open(std::size_t wanted, os::Hold preferred) {
    const std::size_t length = std::bit_floor(std::max(wanted, kMinWindow));
    const Claim claimed = preferred == os::Hold::kClaimed ? claim(length) : Claim::kNoPlace;
    const bool done = claimed == Claim::kDone || (claimed == Claim::kNoPlace && reserve(length));
    if (!done) return false;
    headers = reinterpret_cast<AtomicSliceHeader*>(header_lines.start());
    tables_size_ = live_bytes.start() + live_bytes.size() - header_lines.start();
    return true;
}

void Window::publish(Slice end) {
    const std::size_t now = (std::size_t{end} << kSliceShift) / kAlignment;
    if (now > size() / kAlignment) __atomic_store_n(&sixteenths, now, __ATOMIC_RELEASE);
}

bool Window::is_blocked() const {
    bool blocked = false;
    for_each_part([&blocked](const MetadataPart& part) { blocked = blocked || part.is_blocked(); });
    return blocked;
}

std::size_t Window::metadata_committed() const {
    std::size_t bytes = 0;
    for_each_part([&bytes](const MetadataPart& part) { bytes += part.committed(); });
    return bytes;
}

} // namespace ashlar::layout
