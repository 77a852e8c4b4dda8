// SPDX-License-Identifier: MIT
#include "heap/sampling.h"

#include "heap/large.h"
#include "layout/metadata_pool.h"
#include "os/marking.h"
#include "os/memory_probes.h"
#include "slab/supply.h"

namespace ashlar::heap::sampling {

constinit std::atomic<std::uint32_t> control{kOff};

namespace {

using layout::window;

// An entry of the table. The sample's owner writes and for_each() may read meanwhile. `id` is 0 while the
// rest changes.
struct Sample {
    std::atomic<std::uint64_t> id;
    std::atomic<std::uint64_t> time;
    std::atomic<std::uint64_t> size;
    std::atomic<std::uint64_t> weight;
    std::atomic<std::uint64_t> blocks;
    std::atomic<void*> shadow;
    std::atomic<std::uint32_t> next; // number of the next ended sample, or 0

    Facts facts() const {
        // Orders a later load of `id` behind these.
        constexpr auto kAcquire = std::memory_order_acquire;
        return {id.load(kAcquire), time.load(kAcquire), size.load(kAcquire), weight.load(kAcquire),
                blocks.load(kAcquire)};
    }
};

class Table {
  public:
    std::uint32_t take() {
        const std::uint32_t again = take_ended();
        return again != 0 ? again : take_new();
    }

    void give(std::uint32_t number) {
        Sample& sample = at(number);
        std::uint64_t head = ended_.load(std::memory_order_relaxed);
        std::uint64_t now = 0;
        do {
            sample.next.store(static_cast<std::uint32_t>(head), std::memory_order_relaxed);
            now = ((head >> 32) + 1) << 32 | number;
        } while (
            !ended_.compare_exchange_weak(head, now, std::memory_order_acq_rel, std::memory_order_relaxed));
    }

    Sample& at(std::uint32_t number) {
        const Directory& directory = *directories_[number / kInDirectory].load(std::memory_order_acquire);
        return (*directory[number / kInPart % kParts].load(std::memory_order_acquire))[number % kInPart];
    }

    std::uint32_t end() const { return end_.load(std::memory_order_acquire); }

  private:
    static constexpr std::uint32_t kInPart = 256;
    static constexpr std::uint32_t kParts = 2048; // parts of a directory
    static constexpr std::uint32_t kInDirectory = kParts * kInPart;
    static constexpr std::uint32_t kDirectories = 32;
    static constexpr std::uint32_t kMost = kDirectories * kInDirectory;

    using Part = std::array<Sample, kInPart>;
    using Directory = std::array<std::atomic<Part*>, kParts>;
    static_assert(sizeof(Part) <= layout::MetadataPool::kMaxBlock);
    static_assert(sizeof(Directory) <= layout::MetadataPool::kMaxBlock);

    // The upper half of the head counts changes, which avoids the ABA problem.
    std::uint32_t take_ended() {
        std::uint64_t head = ended_.load(std::memory_order_acquire);
        for (;;) {
            const auto number = static_cast<std::uint32_t>(head);
            if (number == 0) return 0;
            const std::uint32_t next = at(number).next.load(std::memory_order_relaxed);
            const std::uint64_t now = ((head >> 32) + 1) << 32 | next;
            if (ended_.compare_exchange_weak(head, now, std::memory_order_acq_rel, std::memory_order_acquire))
                return number;
        }
    }

    std::uint32_t take_new() {
        std::uint32_t number = end_.load(std::memory_order_relaxed);
        do {
            if (number == kMost || !make_room(number)) return 0;
        } while (!end_.compare_exchange_weak(number, number + 1, std::memory_order_acq_rel,
                                             std::memory_order_relaxed));
        return number;
    }

    bool make_room(std::uint32_t number) {
        Directory* const directory = made(directories_[number / kInDirectory]);
        return directory != nullptr && made((*directory)[number / kInPart % kParts]) != nullptr;
    }

    // Returns the object at `place`, made if there is none. Returns null if there is no memory.
    template <typename T>
    static T* made(std::atomic<T*>& place) {
        T* present = place.load(std::memory_order_acquire);
        if (present != nullptr) return present;
        void* const memory = layout::metadata_pool.take(sizeof(T));
        if (memory == nullptr) return nullptr;
        T* const fresh = new (memory) T{};
        if (place.compare_exchange_strong(present, fresh, std::memory_order_acq_rel)) return fresh;
        layout::metadata_pool.give(memory, sizeof(T));
        return present;
    }

    std::atomic<std::uint64_t> ended_{0};
    std::atomic<std::uint32_t> end_{1}; // numbers from here on were never used
    std::array<std::atomic<Directory*>, kDirectories> directories_{};
};

constinit Table table;
constinit std::atomic<const Hooks*> hooks{nullptr};

// Each store is ordered behind the store that set `id` to 0.
void start(std::uint32_t number, void* shadow, const Facts& facts) {
    Sample& sample = table.at(number);
    sample.time.store(facts.time, std::memory_order_release);
    sample.size.store(facts.size, std::memory_order_release);
    sample.weight.store(facts.weight, std::memory_order_release);
    sample.blocks.store(facts.blocks, std::memory_order_release);
    sample.shadow.store(shadow, std::memory_order_release);
    sample.id.store(facts.id, std::memory_order_release);
}

// Ends a sample and returns its shadow.
void* finish(std::uint32_t number) {
    Sample& sample = table.at(number);
    const Facts facts = sample.facts();
    void* const shadow = sample.shadow.load(std::memory_order_relaxed);
    sample.id.store(0, std::memory_order_release);
    table.give(number);
    if (facts.id != 0) hooks.load(std::memory_order_acquire)->end(facts);
    return shadow;
}

} // namespace

void set_hooks(const Hooks& given) {
    hooks.store(&given, std::memory_order_release);
}

bool ask_profiler(std::size_t size) {
    const Hooks* const present = hooks.load(std::memory_order_acquire);
    if (present != nullptr) return present->choose(size);
    cache::my_stacks().allow_bytes(kUnwatched);
    return false;
}

void* begin(void* block, std::size_t size) {
    if (block == nullptr || !window.contains(block)) return block; // a block of the fallback
    const Hooks& profiler = *hooks.load(std::memory_order_acquire);
    const std::uint32_t number = table.take();
    if (number == 0) {
        profiler.lose(size);
        return block;
    }
    const layout::SliceHeader header = window.header_of(block);
    if (header == large::kHeader) {
        start(number, nullptr, profiler.begin(block, size, large::usable_size(block)));
        large::set_number(block, number);
        return block;
    }
    const std::size_t usable =
        header.size_class() != 0 ? layout::class_size(header.size_class()) : slab::usable_size_mixed(block);
    void* const apart = slab::take_sampled(layout::class_of(usable), number);
    if (apart == nullptr) {
        table.give(number);
        profiler.lose(size);
        return block;
    }
    os::mark_free(block, usable);
    os::mark_used(apart, usable);
    start(number, block, profiler.begin(apart, size, usable));
    return apart;
}

// The probe is told before another thread can get the block.
void* end_small(void* block) {
    if (os::memory_probes::wants_free()) [[unlikely]]
        os::memory_probes::tell_free(block);
    return finish(slab::give_mixed(block, 0));
}

std::size_t requested_size(const void* block) {
    const auto& slab = slab::MixedSlab::at(window.slice_of(block));
    return table.at(slab.number_of(block)).size.load(std::memory_order_relaxed);
}

void end_large(std::uint32_t number) {
    if (number != 0) finish(number);
}

void for_each(Visit visit, void* context) {
    for (std::uint32_t number = 1; number < table.end(); ++number) {
        const Sample& sample = table.at(number);
        const std::uint64_t id = sample.id.load(std::memory_order_acquire);
        const Facts facts = sample.facts();
        const void* const shadow = sample.shadow.load(std::memory_order_acquire);
        if (id != 0 && sample.id.load(std::memory_order_relaxed) == id) visit(context, facts, shadow);
    }
}

} // namespace ashlar::heap::sampling
