// SPDX-License-Identifier: MIT
//
// Reads the tables as another process does: by the loaded object's note, and process_vm_readv only.
#include "../support/build_kind.h"
#include "../support/child.h"

#include <ashlar/ashlar.h>
#include <ashlar/statistics_layout.h>

#include <algorithm>
#include <array>
#include <barrier>
#include <bit>
#include <catch2/catch.hpp>
#include <cstring>
#include <elf.h>
#include <link.h>
#include <stdexcept>
#include <string>
#include <sys/uio.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

using Address = std::uint64_t;

template <typename T>
std::vector<T> read(Address from, std::size_t count) {
    std::vector<T> values(count);
    iovec here{values.data(), count * sizeof(T)};
    iovec there{reinterpret_cast<void*>(from), count * sizeof(T)};
    if (::process_vm_readv(::getpid(), &here, 1, &there, 1, 0) != static_cast<ssize_t>(count * sizeof(T))) {
        throw std::runtime_error("cannot read " + std::to_string(from));
    }
    return values;
}

template <typename T>
T read(Address from) {
    return read<T>(from, 1)[0];
}

Address address(ashlar_at place) {
    return reinterpret_cast<Address>(place);
}

std::uint64_t figure(ashlar_at place) {
    return read<std::uint64_t>(address(place));
}

// Returns the address of the note's descriptor, or 0.
Address find_note() {
    Address found = 0;
    ::dl_iterate_phdr(
        [](dl_phdr_info* object, std::size_t, void* result) {
            for (unsigned i = 0; i < object->dlpi_phnum; ++i) {
                const ElfW(Phdr)& segment = object->dlpi_phdr[i];
                if (segment.p_type != PT_NOTE || segment.p_align > 4) continue;
                const Address begin = object->dlpi_addr + segment.p_vaddr;
                for (Address at = begin; at + sizeof(ElfW(Nhdr)) <= begin + segment.p_memsz;) {
                    const auto header = read<ElfW(Nhdr)>(at);
                    const Address name = at + sizeof(header);
                    const Address descriptor = name + (header.n_namesz + 3U) / 4 * 4;
                    const auto letters = read<char>(name, header.n_namesz);
                    if (std::string(letters.data()) == ASHLAR_NOTE_OWNER &&
                        header.n_type == ASHLAR_NOTE_TABLES) {
                        *static_cast<Address*>(result) = descriptor;
                    }
                    at = descriptor + (header.n_descsz + 3U) / 4 * 4;
                }
            }
            return 0;
        },
        &found);
    return found;
}

ashlar_tables read_tables() {
    const Address note = find_note();
    REQUIRE(note != 0);
    const auto descriptor = read<ashlar_note>(note);
    REQUIRE(descriptor.version == ASHLAR_TABLES_VERSION);
    REQUIRE(descriptor.size == sizeof(ashlar_tables));
    return read<ashlar_tables>(note + static_cast<Address>(descriptor.tables));
}

struct ClassFigures {
    std::uint64_t out = 0; // blocks of bins
    std::uint64_t cached = 0;
    std::uint64_t slabs = 0;
    std::uint64_t refills = 0;
    std::uint64_t flushes = 0;
    std::uint64_t remote_frees = 0;
};

struct Figures {
    std::vector<ashlar_class_row> rows;
    std::vector<ClassFigures> classes;
    std::uint64_t mixed = 0;     // bytes
    std::uint64_t run_pages = 0; // kept by threads
    unsigned threads = 0;

    std::uint64_t live() const {
        std::uint64_t bytes = mixed;
        for (std::size_t c = 1; c < classes.size(); ++c)
            bytes += (classes[c].out - classes[c].cached) * rows[c].size;
        return bytes;
    }
};

void read_bins(const ashlar_tables& t, Figures& figures) {
    const auto shards = read<std::uint32_t>(address(t.shards));
    const auto bins = read<Address>(address(t.shard_bins), shards + 1);
    const auto mixed = read<Address>(address(t.shard_mixed), shards + 1);
    for (std::uint32_t s = 1; s <= shards; ++s) {
        for (std::uint32_t c = 1; c < t.classes; ++c) {
            const Address bin = bins[s] + (c - 1) * t.bin_stride;
            figures.classes[c].out += read<std::uint64_t>(bin + t.bin_blocks_out);
            figures.classes[c].slabs += read<std::uint32_t>(bin + t.bin_slabs);
        }
        if (mixed[s] != 0) figures.mixed += read<std::uint64_t>(mixed[s] + t.mixed_bytes_out);
    }
}

void read_stacks(const ashlar_tables& t, Address cache, Address stacks, Figures& figures) {
    struct Ends {
        std::uint16_t empty;
        std::uint16_t full;
    };
    const auto tops = read<std::uint64_t>(stacks + t.stacks_tops, t.classes);
    const auto ends = read<Ends>(stacks + t.stacks_ends, t.classes);
    for (std::uint32_t c = 1; c < t.classes; ++c) {
        const unsigned capacity =
            read<std::uint16_t>(cache + t.cache_capacity + c * std::size_t{t.cache_capacity_stride});
        const int distance = static_cast<std::int16_t>(tops[c] - ends[c].empty); // may be -8 within malloc
        const unsigned local = static_cast<unsigned>(std::max(distance, 0)) / 8U;
        const unsigned limit = static_cast<std::uint16_t>(ends[c].full - ends[c].empty) / 8U;
        figures.classes[c].cached += local + capacity - limit;
    }
}

void read_caches(const ashlar_tables& t, Figures& figures) {
    const auto caches = read<std::uint32_t>(address(t.caches));
    const Address start = figure(t.caches_start);
    for (std::uint32_t i = 0; i < caches; ++i) {
        const Address cache = start + i * std::size_t{t.cache_stride};
        const auto owner = read<Address>(cache + t.cache_owner);
        if (owner == 0) continue;
        ++figures.threads;
        figures.run_pages += read<std::uint32_t>(cache + t.cache_run_slices);
        read_stacks(t, cache, owner, figures);
        for (std::uint32_t c = 1; c < t.classes; ++c) {
            const auto counters = read<ashlar_cache_counters>(cache + figures.rows[c].cache_counters);
            figures.classes[c].refills += counters.refills;
            figures.classes[c].flushes += counters.flushes;
            figures.classes[c].remote_frees += counters.remote_frees;
        }
    }
}

Figures read_figures(const ashlar_tables& t) {
    Figures figures;
    figures.rows = read<ashlar_class_row>(address(t.class_rows), t.classes);
    figures.classes.resize(t.classes);
    read_bins(t, figures);
    read_caches(t, figures);
    const auto ended = read<ashlar_class_counters>(address(t.ended), t.classes);
    for (std::uint32_t c = 1; c < t.classes; ++c) {
        figures.classes[c].refills += ended[c].refills;
        figures.classes[c].flushes += ended[c].flushes;
        figures.classes[c].remote_frees += ended[c].remote_frees;
    }
    return figures;
}

std::size_t class_of(const Figures& figures, std::size_t size) {
    std::size_t c = 1;
    while (figures.rows[c].size < size)
        ++c;
    return c;
}

TEST_CASE("tables: say what library they are of") {
    const ashlar_tables t = read_tables();
    CHECK(t.version == ASHLAR_TABLES_VERSION);
    CHECK(t.size == sizeof(t));
    CHECK(t.library_version == std::string(ashlar_version()));
    CHECK(t.hardened == 0);
    CHECK(t.waiting_large_bytes == nullptr);
}

UNIT_TEST_CASE_IN_CHILD("tables: what the program holds can be read from outside to the byte",
                        unit::kDefaultHeap) {
    UNIT_SKIP_IF(unit::kAddressSanitizer, "blocks have red zones there");
    constexpr unsigned kThreads = 4;
    constexpr unsigned kBlocks = 1000;
    std::barrier step(kThreads + 1);
    std::vector<std::array<void*, kBlocks>> blocks(kThreads);
    std::vector<std::thread> threads;
    for (unsigned t = 0; t < kThreads; ++t) {
        threads.emplace_back([&, t] {
            for (void*& block : blocks[t])
                block = ashlar_malloc(200);
            step.arrive_and_wait(); // all threads hold their blocks
            step.arrive_and_wait();
            for (void* const block : blocks[(t + 1) % kThreads])
                ashlar_free(block);
            step.arrive_and_wait(); // no thread holds blocks
            step.arrive_and_wait();
        });
    }
    void* const large = ashlar_malloc(std::size_t{10} << 20);
    const ashlar_tables t = read_tables();
    step.arrive_and_wait();
    const Figures held = read_figures(t);
    const std::uint64_t large_held = figure(t.large_slices);
    step.arrive_and_wait();
    step.arrive_and_wait();
    const Figures freed = read_figures(t);
    step.arrive_and_wait();
    for (std::thread& thread : threads)
        thread.join();
    const Figures ended = read_figures(t);

    const std::size_t c = class_of(held, 200);
    CHECK(held.threads == kThreads);
    CHECK(held.live() == std::size_t{kThreads} * kBlocks * held.rows[c].size);
    CHECK(large_held == 160);
    CHECK(held.classes[c].slabs > kThreads * kBlocks / 400U);
    CHECK(held.classes[c].refills >= 2 * kThreads);
    CHECK(held.classes[c].remote_frees == 0);
    CHECK(freed.live() == 0);
    CHECK(freed.classes[c].cached > 0);
    CHECK(freed.classes[c].flushes > held.classes[c].flushes);
    // Counts of ended threads are kept.
    CHECK(ended.threads == 0);
    CHECK(ended.live() == 0);
    CHECK(ended.classes[c].refills >= freed.classes[c].refills);
    CHECK(ended.classes[c].flushes >= freed.classes[c].flushes);
    CHECK(ended.classes[c].remote_frees >= freed.classes[c].remote_frees);
    ashlar_free(large);
}

UNIT_TEST_CASE_IN_CHILD("tables: a slab's bitmap and slice headers can be read from outside",
                        unit::kDefaultHeap) {
    UNIT_SKIP_IF(unit::kAddressSanitizer, "blocks have red zones there");
    std::vector<void*> blocks(100);
    for (void*& block : blocks)
        block = ashlar_malloc(1024);
    ashlar_malloc_trim(0); // empties the caches
    void* const large = ashlar_malloc(std::size_t{1} << 20);
    const ashlar_tables t = read_tables();
    const Address base = figure(t.window_base);
    const auto header = [&](Address block) {
        return read<std::uint16_t>(figure(t.headers_start) + (block - base) / t.slice_bytes * 2);
    };
    const auto descriptor = [&](Address block) {
        return figure(t.descriptors_start) + (block - base) / t.slice_bytes * t.descriptor_stride;
    };
    const auto first = reinterpret_cast<Address>(blocks[0]);
    REQUIRE(read<ashlar_class_row>(address(t.class_rows), t.classes)[header(first) & 0xffU].size == 1024);
    const auto fresh = read<std::uint16_t>(descriptor(first) + t.slab_fresh);
    const auto freed = read<std::uint16_t>(descriptor(first) + t.slab_freed);
    const auto words = read<std::uint64_t>(read<Address>(descriptor(first) + t.slab_words), 1);
    const auto in_this_slab = std::count_if(blocks.begin(), blocks.end(), [&](void* block) {
        return (reinterpret_cast<Address>(block) - base) / t.slice_bytes == (first - base) / t.slice_bytes;
    });
    CHECK(fresh - freed == in_this_slab);
    CHECK(std::popcount(words[0]) == freed);
    const auto place = reinterpret_cast<Address>(large);
    CHECK(header(place) == ASHLAR_SLICE_LARGE << 8);
    CHECK(read<std::uint32_t>(descriptor(place) + t.large_slices_here) == 16);
    const std::size_t superslab = (place - base) / t.slice_bytes / t.superslab_slices;
    const Address state = figure(t.states_start) + superslab / 64 * t.group_stride + t.group_states +
                          superslab % 64 * t.state_stride;
    const auto free = read<std::uint32_t>(state + t.state_free);
    CHECK((free >> ((place - base) / t.slice_bytes % t.superslab_slices) & 1U) == 0);
    CHECK((read<std::uint32_t>(state + t.state_dirty) & ~free) == 0);
    for (void* const block : blocks)
        ashlar_free(block);
    ashlar_free(large);
}

TEST_CASE("tables: what happens now and then is counted") {
    const ashlar_tables t = read_tables();
    const auto before = read<ashlar_event_counters>(address(t.events));
    void* const large = ashlar_malloc(std::size_t{10} << 20);
    std::memset(large, 1, std::size_t{10} << 20);
    ashlar_free(large);
    ashlar_malloc_trim(0);
    REQUIRE(ashlar_control("large_limit:1m") == 0);
    ashlar_free(ashlar_malloc(std::size_t{10} << 20));
    REQUIRE(ashlar_control("large_limit:16g") == 0);
    const auto after = read<ashlar_event_counters>(address(t.events));
    CHECK(after.purges > before.purges);
    CHECK(after.purged_bytes >= before.purged_bytes + (std::size_t{10} << 20));
    CHECK(after.growths >= 1);
    CHECK(after.fallback_calls == before.fallback_calls + 1);
}

} // namespace
