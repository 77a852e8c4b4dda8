// SPDX-License-Identifier: MIT
#include "kinds.h"
#include "operators.h"
#include "prepare.h"

#include <algorithm>

namespace misuse {

namespace {

namespace heap = common::heap;

// Further blocks of the same size, for kinds that release many.
constexpr std::size_t kFew = 20;
constexpr std::size_t kMost = 10000;
constinit std::array<void*, kMost> many{};

void allocate_many(std::size_t count, std::size_t size) {
    for (std::size_t i = 0; i < count; ++i)
        many[i] = heap::allocate(size);
}
void release_many(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i)
        heap::release(many[i]);
}

void freed_before(Scene& s, std::size_t others) {
    s.put_in_row(heap::allocate);
    allocate_many(others, s.size);
    heap::release(s.block);
    release_many(others);
}

// Releases enough blocks to free whole slabs, pages and mappings.
void freed_with_all_around(Scene& s) {
    const std::size_t count = std::min(kMost, (std::size_t{16} << 20) / s.size);
    allocate_many(count, s.size);
    s.block = static_cast<char*>(many[count / 2]);
    release_many(count);
}

void allocate_large(Scene& s) {
    s.block = static_cast<char*>(heap::allocate(std::max(s.size, std::size_t{1} << 20)));
}

void release_block(Scene& s) {
    heap::release(s.block);
}

constexpr std::array kKinds{
    Kind{"free-free", "free(p) twice", freed_block, release_block},
    Kind{"free-realloc", "free(p), then realloc(p) to twice the size", freed_block,
         [](Scene& s) { s.work.keep(heap::resize(s.block, 2 * s.size), 2 * s.size); }},
    Kind{"free-realloc-less", "free(p), then realloc(p) to three quarters of the size", freed_block,
         [](Scene& s) { s.work.keep(heap::resize(s.block, s.size / 4 * 3), s.size / 4 * 3); }},
    Kind{"free-realloc-0", "free(p), then realloc(p, 0)", freed_block,
         [](Scene& s) { s.work.keep(heap::resize(s.block, 0), 1); }},
    Kind{"realloc-0-free", "realloc(p, 0), then free(p)",
         [](Scene& s) {
             own_block(s);
             s.work.keep(heap::resize(s.block, 0), 1); // some allocators return a block
         },
         release_block},
    Kind{"realloc-free", "free of the old address after realloc moved the block", moved_block, release_block},
    Kind{"realloc-realloc", "realloc of the old address after realloc moved the block", moved_block,
         [](Scene& s) { s.work.keep(heap::resize(s.block, 2 * s.size), 2 * s.size); }},
    Kind{"free-delete", "free(p), then delete p", freed_block, [](Scene& s) { operators::unmake(s.block); }},
    Kind{"delete-delete", "delete p twice",
         [](Scene& s) {
             s.put_in_row(operators::make);
             operators::unmake(s.block);
         },
         [](Scene& s) { operators::unmake(s.block); }},
    Kind{"delete-array-twice", "delete[] p twice",
         [](Scene& s) {
             s.put_in_row(operators::make_array);
             operators::unmake_array(s.block);
         },
         [](Scene& s) { operators::unmake_array(s.block); }},
    Kind{"delete-sized-twice", "delete of p with its size, twice",
         [](Scene& s) {
             s.put_in_row(operators::make);
             operators::unmake_sized(s.block, s.size);
         },
         [](Scene& s) { operators::unmake_sized(s.block, s.size); }},
    Kind{"delete-aligned-twice", "delete of a block aligned to 64 bytes, twice",
         [](Scene& s) {
             s.put_in_row(operators::make_aligned);
             operators::unmake_aligned(s.block, operators::kAlignment);
         },
         [](Scene& s) { operators::unmake_aligned(s.block, operators::kAlignment); }},
    Kind{"aligned-free-free", "free of a block of aligned_alloc(64), twice",
         [](Scene& s) {
             s.put_in_row([](std::size_t size) { return heap::allocate_memalign(64, size); });
             heap::release(s.block);
         },
         release_block},
    Kind{"page-free-free", "free of a block of memalign(4096), twice",
         [](Scene& s) {
             s.put_in_row([](std::size_t size) { return heap::allocate_memalign(4096, size); });
             heap::release(s.block);
         },
         release_block},
    Kind{"calloc-free-free", "free of a block of calloc, twice",
         [](Scene& s) {
             s.put_in_row([](std::size_t size) { return heap::allocate_zeroed(1, size); });
             heap::release(s.block);
         },
         release_block},
    Kind{"free-another-free", "free(p), free(q), free(p)", [](Scene& s) { freed_before(s, 1); },
         release_block},
    Kind{"free-20-others-free", "free(p), twenty others of the size, free(p)",
         [](Scene& s) { freed_before(s, kFew); }, release_block},
    Kind{"free-20-in-reverse", "twenty blocks freed, then all of them in reversed order",
         [](Scene& s) {
             own_block(s);
             allocate_many(kFew, s.size);
             heap::release(s.block);
             release_many(kFew);
         },
         [](Scene& s) {
             std::reverse(many.begin(), many.begin() + kFew);
             release_many(kFew);
             heap::release(s.block);
         }},
    Kind{"free-trim-free", "free(p), malloc_trim(0), free(p)",
         [](Scene& s) {
             freed_block(s);
             heap::trim(0);
         },
         release_block},
    Kind{"free-all-free", "16 MiB (at most ten thousand) of blocks freed, one of them again",
         freed_with_all_around, release_block},
    Kind{"free-all-trim-free", "the same with malloc_trim(0) between",
         [](Scene& s) {
             freed_with_all_around(s);
             heap::trim(0);
         },
         release_block},
    Kind{"free-large-free", "free of a block of 1 MiB at least, twice",
         [](Scene& s) {
             allocate_large(s);
             heap::release(s.block);
         },
         release_block},
    Kind{"free-usable-size", "free(p), then malloc_usable_size(p)", freed_block,
         [](Scene& s) { heap::usable_size(s.block); }},
};

} // namespace

constinit const Family kDoubleReleases{"Released twice", kKinds};

} // namespace misuse
