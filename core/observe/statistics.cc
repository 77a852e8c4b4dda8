// SPDX-License-Identifier: MIT
#include "observe/statistics.h"

#include "cache/thread_registry.h"
#include "guard/guard.h"
#include "heap/fallback.h"
#include "heap/heap.h"
#include "layout/superslab.h"
#include "os/message.h"
#include "slab/supply.h"

#include <algorithm>
#include <string_view>
#include <unistd.h>

namespace ashlar::observe {

namespace {

std::size_t cached_bytes(const cache::Chunk& chunk) {
    std::size_t bytes = 0;
    for (unsigned i = 1; i < layout::kClasses; ++i) {
        const auto c = static_cast<layout::SizeClass>(i);
        const std::size_t capacity = chunk.classes[c].capacity.load(std::memory_order_relaxed);
        const std::size_t local = std::min<std::size_t>(capacity, chunk.owner->count(c));
        const std::size_t foreign = capacity - std::min<std::size_t>(capacity, chunk.owner->limit(c));
        bytes += std::min(capacity, local + foreign) * layout::class_size(c);
    }
    return bytes;
}

struct Row {
    std::string_view name;
    std::size_t ashlar_statistics::*value;
};

constexpr Row kRows[] = {
    {"window", &ashlar_statistics::window},     {"committed", &ashlar_statistics::committed},
    {"slabs", &ashlar_statistics::slabs},       {"allocated", &ashlar_statistics::allocated},
    {"large", &ashlar_statistics::large},       {"dirty", &ashlar_statistics::dirty},
    {"cached", &ashlar_statistics::cached},     {"metadata", &ashlar_statistics::metadata},
    {"threads", &ashlar_statistics::threads},   {"shards", &ashlar_statistics::shards},
    {"fallback", &ashlar_statistics::fallback},
};

} // namespace

ashlar_statistics gather() {
    ashlar_statistics s{};
    std::size_t out = 0;
    slab::shard_pool.for_each_bin([&out](layout::PageHeader header, slab::Bin& bin) {
        out += bin.blocks_out() * layout::class_size(header.size_class());
    });
    slab::for_each_mixed([&out](slab::MixedSlabs& mixed) { out += mixed.bytes_out(); });
    std::size_t runs = 0; // that threads keep
    cache::thread_registry.for_each([&](const cache::Chunk& chunk) {
        s.cached += cached_bytes(chunk);
        runs += chunk.runs.pages() * layout::kPageSize;
    });
    s.cached = std::min(s.cached + guard::waiting_bytes(), out);
    const std::size_t in_use = layout::superslabs.pages_in_use() * layout::kPageSize;
    const std::size_t large = layout::superslabs.large_pages() * layout::kPageSize;
    const std::size_t in_blocks = large - std::min(large, runs);
    s.large = in_blocks - std::min(in_blocks, guard::waiting_large_bytes());
    s.allocated = out - s.cached + s.large;
    s.cached += runs;
    s.window = layout::window.size;
    s.committed = layout::superslabs.committed();
    s.slabs = in_use - std::min(in_use, in_blocks);
    s.dirty = layout::superslabs.dirty_pages() * layout::kPageSize;
    s.metadata = layout::window.metadata_committed() + guard::metadata_bytes();
    s.threads = cache::thread_registry.live();
    s.shards = slab::shard_pool.created();
    s.fallback = heap::fallback::allocated_bytes();
    s.fallback_only = heap::serving() ? 0 : 1;
    return s;
}

void print(const ashlar_statistics& statistics) {
    os::Message message;
    for (const Row& row : kRows) {
        message.text("ashlar: ").text(row.name).text(" ").number(statistics.*row.value).text("\n");
    }
    message.text("ashlar: fallback_only ").number(statistics.fallback_only != 0 ? 1 : 0).text("\n");
    message.write_to(STDERR_FILENO);
}

} // namespace ashlar::observe
