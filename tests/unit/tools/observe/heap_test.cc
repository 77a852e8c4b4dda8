// SPDX-License-Identifier: MIT
// The readers of a heap's tables, applied to a small heap that the test builds in this process.
#include "observe/heap_map.h"
#include "observe/heap_reading.h"

#include <array>
#include <catch2/catch.hpp>
#include <cstring>
#include <random>
#include <sys/mman.h>
#include <unistd.h>

using namespace ashlar;
using namespace ashlar::observe;

namespace {

constexpr std::size_t kPage = 65536;
constexpr std::size_t kUnit = 4096;
constexpr std::uint32_t kClasses = 3;

struct Bin {
    std::uint64_t unused;
    std::uint64_t blocks_out;
    std::uint32_t slabs;
    std::uint32_t padding;
};
struct Mixed {
    std::uint64_t bytes_out;
    std::array<std::uint32_t, kClasses> uses;
    std::uint32_t padding;
};
struct Stacks {
    std::array<std::uint64_t, kClasses> tops;
    std::array<std::array<std::uint16_t, 2>, kClasses> ends;
};
struct ThreadCache {
    const Stacks* owner;
    std::array<std::uint16_t, 4> capacity;
    std::uint32_t run_pages;
    std::uint32_t padding;
    std::array<ashlar_cache_counters, kClasses> counters;
};
struct Descriptor {
    const std::uint64_t* words;
    std::uint64_t purged;
    std::uint16_t freed;
    std::uint16_t fresh;
    std::uint32_t large_slices;
};
struct State {
    std::uint32_t free;
    std::uint32_t dirty;
};

// One superslab. Class 1 has 16 blocks of 4 KiB in a slice, and class 2 eight blocks of 16 KiB in two.
struct Heap {
    std::uint64_t base = 0;
    std::uint64_t in_use = 32 * kPage / 16;
    std::uint32_t window_slices = 1024;
    std::uint64_t superslabs = 1;
    std::uint64_t slices_in_use = 9;
    std::uint64_t large_slices = 4;
    std::uint64_t dirty_slices = 2;
    std::int64_t absent = 0;
    std::uint32_t shards = 1;
    std::uint64_t threads = 1;
    std::uint32_t cache_count = 2;
    std::uint64_t waiting = 0;
    ashlar_event_counters events{.purges = 5, .purged_bytes = 6, .growths = 7, .fallback_calls = 8};
    std::array<ashlar_class_row, kClasses> rows{};
    std::array<ashlar_class_counters, kClasses> ended{};
    std::array<const Bin*, 256> shard_bins{};
    std::array<const Mixed*, 256> shard_mixed{};
    std::array<Bin, 2> bins{};
    Mixed mixed{};
    Stacks stacks{};
    std::array<ThreadCache, 2> caches{};
    std::array<std::uint16_t, 32> headers{};
    std::array<Descriptor, 32> descriptors{};
    std::array<State, 64> states{};
    std::array<std::uint64_t, 1> bitmap{};
    std::array<std::uint64_t, 128> maps{}; // two maps of the mixed slab: used, starts
    std::array<std::uint64_t, 5> starts{};
    std::array<std::uint64_t, 5> sizes{};
    Library library;
    char* memory;

    Heap() {
        memory = static_cast<char*>(
            mmap(nullptr, 33 * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
        REQUIRE(memory != MAP_FAILED);
        madvise(memory, 33 * kPage, MADV_NOHUGEPAGE);
        const auto start = reinterpret_cast<std::uint64_t>(memory);
        base = (start + kPage - 1) / kPage * kPage;
        fill_blocks();
        fill_pages();
        fill_tables();
    }
    Heap(const Heap&) = delete;
    Heap& operator=(const Heap&) = delete;
    ~Heap() { munmap(memory, 33 * kPage); }

    void touch(std::size_t page, std::size_t units) {
        std::memset(reinterpret_cast<char*>(base) + page * kPage, 1, units * kUnit);
    }

  private:
    void fill_blocks() {
        rows = {ashlar_class_row{},
                ashlar_class_row{.size = 4096,
                                 .blocks = 16,
                                 .slices = 1,
                                 .cache_counters =
                                     offsetof(ThreadCache, counters) + sizeof(ashlar_cache_counters),
                                 .reserved = 0},
                ashlar_class_row{.size = 16384,
                                 .blocks = 8,
                                 .slices = 2,
                                 .cache_counters =
                                     offsetof(ThreadCache, counters) + 2 * sizeof(ashlar_cache_counters),
                                 .reserved = 0}};
        ended[1].refills = 100;
        ended[1].flushes = 50;
        ended[1].remote_frees = 3;
        bins = {Bin{.unused = 0, .blocks_out = 10, .slabs = 1, .padding = 0},
                Bin{.unused = 0, .blocks_out = 8, .slabs = 1, .padding = 0}};
        mixed = {.bytes_out = 8192, .uses = {0, 2, static_cast<std::uint32_t>(-1)}, .padding = 0};
        shard_bins[1] = bins.data();
        shard_mixed[1] = &mixed;
        // Class 1: 3 local blocks and 1 remote block of 14, in an array across a multiple of 64 KiB.
        stacks.tops[1] = 0x70000fff0 + 3 * 8;
        stacks.ends[1] = {0xfff0, static_cast<std::uint16_t>(0xfff0 + 13 * 8)};
        caches[1] = {
            .owner = &stacks, .capacity = {0, 14, 0, 0}, .run_pages = 1, .padding = 0, .counters = {}};
        caches[1].counters[1].refills = 7;
        caches[1].counters[1].flushes = 4;
        caches[1].counters[1].remote_frees = 1;
    }
    void fill_pages() {
        // 1: slab of class 1, 2-3: slab of class 2, 4-6: large, 7: kept, 8: mixed, 9: dirty, 10: clean
        states[0] = {.free = ~0x1feU & ~1U, .dirty = 1U << 9};
        headers[0] = ASHLAR_SLICE_NO_BLOCK << 8;
        headers[1] = 1 | 1 << 8;
        headers[2] = headers[3] = 2 | 1 << 8;
        headers[4] = ASHLAR_SLICE_LARGE << 8;
        headers[8] = ASHLAR_SLICE_MIXED << 8;
        for (std::size_t page = 5; page < 32; ++page) {
            headers[page] = headers[page] == 0 ? std::uint16_t{ASHLAR_SLICE_NO_BLOCK << 8} : headers[page];
        }
        bitmap[0] = 0b0110; // blocks 1 and 2 are free, blocks from 12 on are fresh
        descriptors[1] = {.words = bitmap.data(), .purged = 0, .freed = 2, .fresh = 12, .large_slices = 0};
        descriptors[2] = {.words = bitmap.data(), .purged = 0, .freed = 0, .fresh = 8, .large_slices = 0};
        descriptors[4].large_slices = 3;
        descriptors[8].words = maps.data();
        for (std::size_t word = 0; word < 8; ++word) { // 512 units of 16 bytes: two system pages
            maps[word] = ~std::uint64_t{0};
        }
        touch(1, 5);
        touch(2, 16);
        touch(3, 8);
        touch(4, 16);
        touch(5, 2);
        touch(7, 3);
        touch(8, 4);
        touch(9, 6);
    }
    void fill_tables() {
        starts = {reinterpret_cast<std::uint64_t>(headers.data()),
                  reinterpret_cast<std::uint64_t>(descriptors.data()),
                  reinterpret_cast<std::uint64_t>(states.data()),
                  reinterpret_cast<std::uint64_t>(caches.data()), 0};
        ashlar_tables& tables = library.tables;
        tables.version = ASHLAR_TABLES_VERSION;
        tables.size = sizeof tables;
        tables.classes = kClasses;
        tables.slice_bytes = kPage;
        tables.superslab_slices = 32;
        tables.window_base = &base;
        tables.window_in_use = &in_use;
        tables.window_slices = &window_slices;
        tables.superslabs = &superslabs;
        tables.slices_in_use = &slices_in_use;
        tables.large_slices = &large_slices;
        tables.dirty_slices = &dirty_slices;
        tables.absent_bytes = &absent;
        tables.shards = &shards;
        tables.threads = &threads;
        tables.caches = &cache_count;
        tables.waiting_large_bytes = &waiting;
        tables.events = &events;
        tables.headers_start = &starts[0];
        tables.headers_bytes = &sizes[0];
        tables.descriptors_start = &starts[1];
        tables.descriptors_bytes = &sizes[1];
        tables.states_start = &starts[2];
        tables.states_bytes = &sizes[2];
        tables.caches_start = &starts[3];
        tables.caches_bytes = &sizes[3];
        tables.pool_start = &starts[4];
        tables.pool_bytes = &sizes[4];
        tables.class_rows = rows.data();
        tables.ended = ended.data();
        tables.shard_bins = shard_bins.data();
        tables.shard_mixed = shard_mixed.data();
        tables.bin_stride = sizeof(Bin);
        tables.bin_blocks_out = offsetof(Bin, blocks_out);
        tables.bin_slabs = offsetof(Bin, slabs);
        tables.mixed_size = sizeof(Mixed);
        tables.mixed_bytes_out = offsetof(Mixed, bytes_out);
        tables.mixed_uses = offsetof(Mixed, uses);
        tables.mixed_use_stride = sizeof(std::uint32_t);
        tables.cache_stride = sizeof(ThreadCache);
        tables.cache_owner = offsetof(ThreadCache, owner);
        tables.cache_capacity = offsetof(ThreadCache, capacity);
        tables.cache_capacity_stride = sizeof(std::uint16_t);
        tables.cache_run_slices = offsetof(ThreadCache, run_pages);
        tables.stacks_size = sizeof(Stacks);
        tables.stacks_tops = offsetof(Stacks, tops);
        tables.stacks_ends = offsetof(Stacks, ends);
        tables.descriptor_stride = sizeof(Descriptor);
        tables.slab_words = offsetof(Descriptor, words);
        tables.slab_freed = offsetof(Descriptor, freed);
        tables.slab_fresh = offsetof(Descriptor, fresh);
        tables.slab_purged = offsetof(Descriptor, purged);
        tables.mixed_slab_maps = offsetof(Descriptor, words);
        tables.large_slices_here = offsetof(Descriptor, large_slices);
        tables.group_stride = sizeof states;
        tables.state_stride = sizeof(State);
        tables.state_free = offsetof(State, free);
        tables.state_dirty = offsetof(State, dirty);
    }
};

} // namespace

TEST_CASE("the figures of a heap are read") {
    const Heap made;
    const auto heap = read_heap(process::Memory(getpid()), made.library);
    REQUIRE(heap);
    CHECK(heap->is_open);
    CHECK(heap->window_base == made.base);
    CHECK(heap->window_in_use == 32 * kPage);
    CHECK(heap->committed == 32 * kPage);
    CHECK(heap->dirty == 2 * kPage);
    CHECK(heap->threads == 1);
    CHECK(heap->events.fallback_calls == 8);
    REQUIRE(heap->classes.size() == kClasses);
    const ClassReading& small = heap->classes[1];
    CHECK(small.out == 10);
    CHECK(small.mixed == 2);
    CHECK(small.cached == 4);
    CHECK(small.live() == 8);
    CHECK(small.free() == 6);
    CHECK(small.refills == 107);
    CHECK(small.flushes == 54);
    CHECK(small.remote_frees == 4);
    CHECK(heap->classes[2].live() == 8); // a negative count of blocks in mixed slabs is zero
    CHECK(heap->cached_small == 4 * 4096);
    CHECK(heap->live_small == 10 * 4096 + 8 * 16384 + 8192 - 4 * 4096);
    CHECK(heap->cached_large == kPage);
    CHECK(heap->live_large == 3 * kPage);
    CHECK(heap->refills() == 107);
    CHECK(heap->flushes() == 54);
}

TEST_CASE("each page of a heap is told apart") {
    const Heap made;
    const process::Memory memory(getpid());
    const process::Residency residency{process::Files(getpid())};
    const auto place = heap_place(memory, made.library);
    REQUIRE(place);
    CHECK(place->window.begin == made.base);
    CHECK(place->window.end == made.base + 32 * kPage);
    CHECK(place->tables.empty()); // these tables have no sizes
    const auto map = map_heap(memory, made.library, *place, residency);
    REQUIRE(map);
    // Class 1: blocks 0, 3 and 4 are live and touched, 1 and 2 free and touched, 5 to 11 live and untouched.
    CHECK(map->classes[1].blocks_present == 3 * kUnit);
    CHECK(map->classes[1].free_present == 2 * kUnit);
    CHECK(map->classes[1].blocks_absent == 7 * kUnit);
    CHECK(map->classes[1].free_absent == 4 * kUnit);
    CHECK(map->classes[2].blocks_present == 24 * kUnit);
    CHECK(map->classes[2].blocks_absent == 8 * kUnit);
    CHECK(map->classes[0].blocks_present == 2 * kUnit);
    CHECK(map->classes[0].free_present == 2 * kUnit);
    CHECK(map->blocks == (3 + 24 + 2 + 16 + 2) * kUnit);
    CHECK(map->free_in_slabs == (2 + 2) * kUnit);
    CHECK(map->unused == 4 * kUnit);
    CHECK(map->kept == 3 * kUnit);
    CHECK(map->dirty == 6 * kUnit);
    CHECK(map->clean_in_huge == 0);
    CHECK(map->present() == (5 + 16 + 8 + 16 + 2 + 3 + 4 + 6) * kUnit);
    CHECK(map->blocks_absent == (7 + 8 + 14 + 16) * kUnit);
}

TEST_CASE("tables that make no sense are refused") {
    const process::Memory memory(getpid());
    const process::Residency residency{process::Files(getpid())};
    Heap made;
    const auto refused = [&] {
        const auto place = heap_place(memory, made.library);
        return !read_heap(memory, made.library) || !place ||
               !map_heap(memory, made.library, *place, residency);
    };
    CHECK_FALSE(refused());
    const ashlar_tables good = made.library.tables;
    for (auto field : {&ashlar_tables::classes, &ashlar_tables::slice_bytes, &ashlar_tables::superslab_slices,
                       &ashlar_tables::bin_stride, &ashlar_tables::cache_stride, &ashlar_tables::stacks_size,
                       &ashlar_tables::descriptor_stride, &ashlar_tables::group_stride}) {
        for (const std::uint32_t value : {0U, 0xffffffffU}) {
            made.library.tables = good;
            made.library.tables.*field = value;
            CHECK(refused());
        }
    }
    made.library.tables = good;
    made.library.tables.window_base = reinterpret_cast<const void*>(8); // NOLINT(performance-no-int-to-ptr)
    CHECK_FALSE(read_heap(memory, made.library));
    made.library.tables = good;
    made.cache_count = 0xffffffff;
    CHECK_FALSE(read_heap(memory, made.library));
    made.cache_count = 2;
    made.in_use = ~std::uint64_t{0} / 16;
    CHECK(refused());
}

TEST_CASE("a stack whose top lies one entry below its bottom holds no local block") {
    Heap made;
    made.stacks.tops[1] = 0x70000fff0 - 8; // malloc leaves this state for a moment in a drained stack
    const auto heap = read_heap(process::Memory(getpid()), made.library);
    REQUIRE(heap);
    CHECK(heap->classes[1].cached == 1); // the remote block
}

TEST_CASE("whatever stands in a heap's memory, reading it ends") {
    const process::Memory memory(getpid());
    const process::Residency residency{process::Files(getpid())};
    const auto seed = std::random_device()();
    INFO("seed " << seed);
    std::mt19937_64 random(seed);
    Heap made;
    for (int round = 0; round < 300; ++round) {
        for (std::uint16_t& header : made.headers) {
            header = static_cast<std::uint16_t>(random() & (round % 2 == 0 ? 0x703 : 0xffff));
        }
        for (Descriptor& descriptor : made.descriptors) {
            descriptor = {.words = random() % 2 == 0 ? made.maps.data()
                                                     : reinterpret_cast<const std::uint64_t*>(
                                                           random()), // NOLINT(performance-no-int-to-ptr)
                          .purged = random(),
                          .freed = static_cast<std::uint16_t>(random()),
                          .fresh = static_cast<std::uint16_t>(random()),
                          .large_slices = static_cast<std::uint32_t>(random() % 64)};
        }
        made.states[0] = {.free = static_cast<std::uint32_t>(random()),
                          .dirty = static_cast<std::uint32_t>(random())};
        made.stacks.tops[1] = random();
        made.caches[0].owner = reinterpret_cast<const Stacks*>(random()); // NOLINT(performance-no-int-to-ptr)
        made.caches[1].capacity[1] = static_cast<std::uint16_t>(random());
        made.bins[0].blocks_out = random();
        const auto heap = read_heap(memory, made.library);
        REQUIRE(heap);
        CHECK(heap->classes[1].cached <= 0xffff);
        const auto place = heap_place(memory, made.library);
        REQUIRE(place);
        const auto map = map_heap(memory, made.library, *place, residency);
        REQUIRE(map);
        CHECK(map->present() <= 33 * kPage);
    }
}
