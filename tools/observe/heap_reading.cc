// SPDX-License-Identifier: MIT
#include "observe/heap_reading.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <numeric>

namespace ashlar::observe {

namespace {

using process::Address;
using process::Memory;
using Pieces = std::vector<Memory::Piece>;

// Limits on what the tables of a corrupted process can make this program read.
constexpr std::uint64_t kMostCaches = std::uint64_t{1} << 17;
constexpr std::uint64_t kMostStride = std::uint64_t{1} << 16;
constexpr std::uint64_t kMostClasses = 256;
constexpr std::uint64_t kShards = 256;
constexpr std::uint32_t kMostLockKinds = 64;

Address at(const void* place) {
    return reinterpret_cast<Address>(place);
}

// Returns the number at `offset` of `bytes`, or 0 if it extends past their end.
template <typename Number>
Number number_at(const std::vector<unsigned char>& bytes, std::uint64_t offset) {
    Number value = 0;
    if (offset <= bytes.size() && bytes.size() - offset >= sizeof value) {
        std::memcpy(&value, bytes.data() + offset, sizeof value);
    }
    return value;
}

// The figures at fixed addresses.
struct Singles {
    std::uint64_t window_base = 0;
    std::uint64_t window_sixteenths = 0;
    std::uint32_t window_slices = 0;
    std::uint64_t superslabs = 0;
    std::uint64_t slices_in_use = 0;
    std::uint64_t large_slices = 0;
    std::uint64_t dirty_slices = 0;
    std::uint32_t shards = 0;
    std::uint64_t threads = 0;
    std::uint32_t caches = 0;
    std::uint64_t waiting_large_bytes = 0;
    std::uint64_t caches_start = 0;
    ashlar_event_counters events{};
    std::vector<ashlar_class_row> rows;
    std::vector<ashlar_class_counters> ended;
    std::vector<std::uint64_t> shard_bins;
    std::vector<std::uint64_t> shard_mixed;
    std::vector<ashlar_lock_counters> locks;
    std::vector<std::array<char, ASHLAR_LOCK_NAME_BYTES>> lock_names;
};

bool is_plausible(const ashlar_tables& tables) {
    return tables.classes > 1 && tables.classes <= kMostClasses && tables.slice_bytes >= 4096 &&
           tables.slice_bytes % 4096 == 0 && tables.superslab_slices > 0 && tables.superslab_slices <= 32 &&
           tables.bin_stride > 0 && tables.bin_stride <= kMostStride && tables.mixed_size <= kMostStride &&
           tables.cache_stride > 0 && tables.cache_stride <= kMostStride && tables.stacks_size > 0 &&
           tables.stacks_size <= kMostStride;
}

std::optional<Singles> read_singles(const Memory& memory, const ashlar_tables& tables) {
    Singles singles;
    singles.rows.resize(tables.classes);
    singles.ended.resize(tables.classes);
    singles.shard_bins.resize(kShards);
    singles.shard_mixed.resize(kShards);
    const std::uint32_t kinds = std::min(tables.lock_kinds, kMostLockKinds);
    singles.locks.resize(tables.locks == nullptr ? 0 : kinds);
    singles.lock_names.resize(tables.lock_names == nullptr ? 0 : kinds);
    Pieces pieces;
    const auto want = [&](const void* place, auto& to) {
        if (place != nullptr) {
            pieces.push_back({.address = at(place), .to = &to, .size = sizeof to});
        }
    };
    const auto want_all = [&](const void* place, auto& to) {
        if (place != nullptr) {
            pieces.push_back({.address = at(place), .to = to.data(), .size = to.size() * sizeof to[0]});
        }
    };
    want(tables.window_base, singles.window_base);
    want(tables.window_in_use, singles.window_sixteenths);
    want(tables.window_slices, singles.window_slices);
    want(tables.superslabs, singles.superslabs);
    want(tables.slices_in_use, singles.slices_in_use);
    want(tables.large_slices, singles.large_slices);
    want(tables.dirty_slices, singles.dirty_slices);
    want(tables.shards, singles.shards);
    want(tables.threads, singles.threads);
    want(tables.caches, singles.caches);
    want(tables.waiting_large_bytes, singles.waiting_large_bytes);
    want(tables.caches_start, singles.caches_start);
    want(tables.events, singles.events);
    want_all(tables.class_rows, singles.rows);
    want_all(tables.ended, singles.ended);
    want_all(tables.shard_bins, singles.shard_bins);
    want_all(tables.shard_mixed, singles.shard_mixed);
    want_all(tables.locks, singles.locks);
    want_all(tables.lock_names, singles.lock_names);
    const bool all_read =
        memory.read_pieces(pieces) &&
        std::all_of(pieces.begin(), pieces.end(), [](const auto& piece) { return piece.is_read; });
    if (!all_read || singles.shards >= kShards || singles.caches > kMostCaches) {
        return std::nullopt;
    }
    return singles;
}

struct Blocks {
    std::vector<std::vector<unsigned char>> bins;   // by shard
    std::vector<std::vector<unsigned char>> mixed;  // by shard
    std::vector<std::vector<unsigned char>> caches; // of caches that have a thread
    std::vector<std::vector<unsigned char>> stacks; // of the same threads; empty: the thread has ended
};

// Reads `size` bytes at each place that is not 0. Places that cannot be read give an empty entry.
std::optional<std::vector<std::vector<unsigned char>>>
read_each(const Memory& memory, const std::vector<Address>& places, std::size_t size) {
    std::vector<std::vector<unsigned char>> all(places.size());
    Pieces pieces;
    std::vector<std::size_t> owners;
    for (std::size_t index = 0; index < places.size(); ++index) {
        if (places[index] != 0 && size != 0) {
            all[index].resize(size);
            pieces.push_back({.address = places[index], .to = all[index].data(), .size = size});
            owners.push_back(index);
        }
    }
    if (!memory.read_pieces(pieces)) {
        return std::nullopt;
    }
    for (std::size_t index = 0; index < pieces.size(); ++index) {
        if (!pieces[index].is_read) {
            all[owners[index]].clear();
        }
    }
    return all;
}

std::optional<Blocks> read_blocks(const Memory& memory, const ashlar_tables& tables, const Singles& singles) {
    const auto shards = [&](const std::vector<std::uint64_t>& table) {
        return std::vector<Address>(table.begin(), table.begin() + singles.shards + 1);
    };
    std::vector<Address> caches;
    for (std::uint32_t index = 0; singles.caches_start != 0 && index < singles.caches; ++index) {
        caches.push_back(singles.caches_start + std::uint64_t{index} * tables.cache_stride);
    }
    auto bins =
        read_each(memory, shards(singles.shard_bins), std::size_t{tables.classes - 1} * tables.bin_stride);
    auto mixed = read_each(memory, shards(singles.shard_mixed), tables.mixed_size);
    auto read_caches = read_each(memory, caches, tables.cache_stride);
    if (!bins || !mixed || !read_caches) {
        return std::nullopt;
    }
    Blocks blocks{.bins = std::move(*bins), .mixed = std::move(*mixed), .caches = {}, .stacks = {}};
    std::vector<Address> owners;
    for (auto& cache : *read_caches) {
        if (const auto owner = number_at<std::uint64_t>(cache, tables.cache_owner); owner != 0) {
            blocks.caches.push_back(std::move(cache));
            owners.push_back(owner);
        }
    }
    auto stacks = read_each(memory, owners, tables.stacks_size);
    if (!stacks) {
        return std::nullopt;
    }
    blocks.stacks = std::move(*stacks);
    return blocks;
}

// Returns the blocks of class `c` in a stack. The stack's ends and top are known by their low 16 bits.
std::uint64_t cached_blocks(const ashlar_tables& tables, const std::vector<unsigned char>& cache,
                            const std::vector<unsigned char>& stacks, std::uint64_t c) {
    constexpr std::uint64_t kEntry = sizeof(std::uint64_t);
    const auto capacity =
        number_at<std::uint16_t>(cache, tables.cache_capacity + c * tables.cache_capacity_stride);
    const auto top = number_at<std::uint16_t>(stacks, tables.stacks_tops + c * kEntry);
    const auto empty = number_at<std::uint16_t>(stacks, tables.stacks_ends + c * 2 * sizeof(std::uint16_t));
    const auto full = number_at<std::uint16_t>(stacks, tables.stacks_ends + c * 2 * sizeof(std::uint16_t) +
                                                           sizeof(std::uint16_t));
    // An array is shorter than 32 KiB. `top` may lie below `empty` just after a drainer raised the bottom.
    const auto entries = [](std::uint16_t from, std::uint16_t to) {
        const auto bytes = static_cast<std::int16_t>(to - from);
        return bytes > 0 ? static_cast<std::uint64_t>(bytes) / kEntry : 0;
    };
    const std::uint64_t local = std::min<std::uint64_t>(entries(empty, top), capacity);
    const std::uint64_t limit = std::min<std::uint64_t>(entries(empty, full), capacity);
    return std::min<std::uint64_t>(local + (capacity - limit), capacity); // the owner may change arrays
}

void add_threads(const ashlar_tables& tables, const Singles& singles, const Blocks& blocks,
                 HeapReading& heap) {
    std::vector<std::uint64_t> capacities(heap.classes.size());
    std::vector<std::uint64_t> stacks(heap.classes.size());
    for (std::size_t index = 0; index < blocks.caches.size(); ++index) {
        const auto& cache = blocks.caches[index];
        heap.cached_large += number_at<std::uint32_t>(cache, tables.cache_run_slices) * heap.slice_bytes;
        for (std::uint64_t c = 1; c < heap.classes.size(); ++c) {
            ClassReading& row = heap.classes[c];
            if (!blocks.stacks[index].empty()) {
                row.cached += cached_blocks(tables, cache, blocks.stacks[index], c);
            }
            const std::uint64_t capacity =
                number_at<std::uint16_t>(cache, tables.cache_capacity + c * tables.cache_capacity_stride);
            capacities[c] += capacity;
            stacks[c] += capacity != 0 ? 1 : 0;
            const std::uint64_t counters = singles.rows[c].cache_counters;
            const auto counter = [&](std::size_t offset) {
                return number_at<std::uint32_t>(cache, counters + offset);
            };
            row.refills += counter(offsetof(ashlar_cache_counters, refills));
            row.flushes += counter(offsetof(ashlar_cache_counters, flushes));
            row.remote_frees += counter(offsetof(ashlar_cache_counters, remote_frees));
        }
    }
    for (std::size_t c = 1; c < heap.classes.size(); ++c) {
        heap.classes[c].batch = static_cast<double>(capacities[c]) /
                                static_cast<double>(std::max<std::uint64_t>(stacks[c], 1)) / 2;
    }
}

// Returns the bytes of blocks outside mixed slabs that were taken from them.
std::uint64_t add_shards(const ashlar_tables& tables, const Blocks& blocks, HeapReading& heap) {
    for (const auto& bins : blocks.bins) {
        for (std::uint64_t c = 1; c < heap.classes.size() && !bins.empty(); ++c) {
            const std::uint64_t bin = (c - 1) * tables.bin_stride;
            heap.classes[c].out += number_at<std::uint64_t>(bins, bin + tables.bin_blocks_out);
            heap.classes[c].slabs += number_at<std::uint32_t>(bins, bin + tables.bin_slabs);
        }
    }
    std::uint64_t bytes = 0;
    for (const auto& mixed : blocks.mixed) {
        bytes += number_at<std::uint64_t>(mixed, tables.mixed_bytes_out);
        for (std::uint64_t c = 1; c < heap.classes.size(); ++c) {
            // A torn read can be negative for a moment.
            const auto taken =
                number_at<std::uint32_t>(mixed, tables.mixed_uses + c * tables.mixed_use_stride);
            heap.classes[c].mixed +=
                static_cast<std::uint64_t>(std::max(static_cast<std::int32_t>(taken), 0));
        }
    }
    return bytes;
}

} // namespace

std::uint64_t HeapReading::refills() const {
    return std::accumulate(classes.begin(), classes.end(), std::uint64_t{0},
                           [](std::uint64_t sum, const ClassReading& row) { return sum + row.refills; });
}

std::uint64_t HeapReading::flushes() const {
    return std::accumulate(classes.begin(), classes.end(), std::uint64_t{0},
                           [](std::uint64_t sum, const ClassReading& row) { return sum + row.flushes; });
}

std::optional<HeapReading> read_heap(const Memory& memory, const Library& library) {
    const ashlar_tables& tables = library.tables;
    if (!is_plausible(tables)) {
        return std::nullopt;
    }
    const auto singles = read_singles(memory, tables);
    if (!singles) {
        return std::nullopt;
    }
    const auto blocks = read_blocks(memory, tables, *singles);
    if (!blocks) {
        return std::nullopt;
    }
    HeapReading heap;
    heap.is_open = singles->window_slices != 0 && singles->window_sixteenths != 0;
    heap.window_base = singles->window_base;
    heap.window_in_use = singles->window_sixteenths * 16;
    heap.slice_bytes = tables.slice_bytes;
    heap.committed = singles->superslabs * tables.superslab_slices * tables.slice_bytes;
    heap.dirty = singles->dirty_slices * tables.slice_bytes;
    heap.threads = singles->threads;
    heap.shards = singles->shards;
    heap.events = singles->events;
    for (std::size_t kind = 0; kind < std::min(singles->locks.size(), singles->lock_names.size()); ++kind) {
        const auto& name = singles->lock_names[kind];
        if (singles->locks[kind].acquisitions != 0) {
            heap.locks.push_back(
                {.name = {name.data(), strnlen(name.data(), name.size())}, .counts = singles->locks[kind]});
        }
    }
    heap.classes.resize(tables.classes);
    for (std::uint64_t c = 1; c < heap.classes.size(); ++c) {
        heap.classes[c].size = singles->rows[c].size;
        heap.classes[c].blocks_per_slab = singles->rows[c].blocks;
        heap.classes[c].refills = singles->ended[c].refills;
        heap.classes[c].flushes = singles->ended[c].flushes;
        heap.classes[c].remote_frees = singles->ended[c].remote_frees;
    }
    std::uint64_t out = add_shards(tables, *blocks, heap);
    add_threads(tables, *singles, *blocks, heap);
    for (const ClassReading& row : heap.classes) {
        out += row.out * row.size;
        heap.cached_small += row.cached * row.size;
    }
    heap.cached_small = std::min(heap.cached_small, out);
    heap.live_small = out - heap.cached_small;
    const std::uint64_t large = singles->large_slices * tables.slice_bytes;
    heap.cached_large = std::min(large, heap.cached_large + singles->waiting_large_bytes);
    heap.live_large = large - heap.cached_large;
    return heap;
}

} // namespace ashlar::observe
