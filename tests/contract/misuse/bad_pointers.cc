// SPDX-License-Identifier: MIT
#include "kinds.h"
#include "opaque.h"
#include "prepare.h"

#include <algorithm>
#include <sys/mman.h>
#include <unistd.h>

namespace misuse {

namespace {

namespace heap = common::heap;

alignas(16) char global_area[512];

void free_address(std::uintptr_t address) {
    heap::release(contract::opaque(reinterpret_cast<void*>(address)));
}

// Frees an address `offset` bytes from the start of a live block.
template <int offset>
void free_from_start(Scene& s) {
    heap::release(s.block + offset);
}

// Frees an inner address. It lies in a block of 16 bytes only if `offset` is below 16.
template <std::size_t offset>
void block_longer_than(Scene& s) {
    live_block(s);
    if (s.size <= offset) s.skip();
}

// Returns memory that is no block. The bytes before it may have any value, also that of a header.
char* take_area(Scene& s, char* start, std::size_t size) {
    s.scribble(start, size);
    if (s.seed % 3 == 1) std::fill_n(reinterpret_cast<std::uint64_t*>(start), size / 8, 0x41);
    s.work.watch(start + 64, size - 64);
    return start + 64;
}

void stack_area(Scene& s) {
    s.block = take_area(s, s.on_stack, sizeof s.on_stack);
}
void static_area(Scene& s) {
    s.block = take_area(s, global_area, sizeof global_area);
}
void sbrk_area(Scene& s) {
    const std::uintptr_t end = reinterpret_cast<std::uintptr_t>(::sbrk(8192));
    s.block = take_area(s, reinterpret_cast<char*>((end + 15) / 16 * 16), 4096);
}

char* map(std::size_t size) {
    void* const start = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (start == MAP_FAILED) common::fail("mmap of %zu bytes", size);
    return static_cast<char*>(start);
}
std::size_t mapping_length(const Scene& s) {
    return (s.size + 8192 + 4095) / 4096 * 4096;
}
void mapped_area(Scene& s) {
    s.block = map(mapping_length(s));
    s.work.watch(s.block, mapping_length(s));
}
void inside_mapped_area(Scene& s) {
    mapped_area(s);
    s.block += 4096;
}
void unmapped_area(Scene& s) {
    s.block = map(mapping_length(s));
    ::munmap(s.block, mapping_length(s));
}

void release_block(Scene& s) {
    heap::release(s.block);
}
void resize_block(Scene& s) {
    s.work.keep(heap::resize(s.block, 2 * s.size), 2 * s.size);
}

constexpr std::array kKinds{
    Kind{"free-interior-1", "free(p + 1)", live_block, free_from_start<1>},
    Kind{"free-interior-8", "free(p + 8)", live_block, free_from_start<8>},
    Kind{"free-interior-16", "free(p + 16), inside the block", block_longer_than<16>, free_from_start<16>},
    Kind{"free-interior-64", "free(p + 64), inside the block", block_longer_than<64>, free_from_start<64>},
    Kind{"free-interior-page", "free(p + 4096), inside the block", block_longer_than<4096>,
         free_from_start<4096>},
    Kind{"free-interior-half", "free(p + n / 2)", live_block,
         [](Scene& s) { heap::release(s.block + s.size / 2); }},
    Kind{"free-interior-last", "free(p + n - 1)", live_block,
         [](Scene& s) { heap::release(s.block + s.size - 1); }},
    Kind{"free-end", "free(p + n), one past the end", live_block,
         [](Scene& s) { heap::release(s.block + s.size); }},
    Kind{"free-before-8", "free(p - 8)", live_block, free_from_start<-8>},
    Kind{"free-before-16", "free(p - 16)", live_block, free_from_start<-16>},
    Kind{"free-stack", "free of an address on the stack", stack_area, release_block},
    Kind{"free-global", "free of a variable's address", static_area, release_block},
    Kind{"free-code", "free of a function's address", live_block,
         [](Scene&) { free_address(reinterpret_cast<std::uintptr_t>(&free_address) & ~std::uintptr_t{15}); }},
    Kind{"free-8", "free((void*)8)", live_block, [](Scene&) { free_address(8); }},
    Kind{"free-4096", "free((void*)4096)", live_block, [](Scene&) { free_address(4096); }},
    Kind{"free-odd-number", "free((void*)12345)", live_block, [](Scene&) { free_address(12345); }},
    Kind{"free-minus-1", "free((void*)-1)", live_block, [](Scene&) { free_address(~std::uintptr_t{0}); }},
    Kind{"free-non-canonical", "free of an address that no processor has", live_block,
         [](Scene&) { free_address(0xdeadbeefdeadbee0); }},
    Kind{"free-mapping", "free of memory of mmap, where it starts", mapped_area, release_block},
    Kind{"free-inside-mapping", "free of memory of mmap, a page behind its start", inside_mapped_area,
         release_block},
    Kind{"free-unmapped", "free of memory of mmap after munmap", unmapped_area, release_block},
    Kind{"free-sbrk", "free of memory of sbrk", sbrk_area, release_block},
    Kind{"free-far", "free of an address 1 GiB behind a block", live_block,
         [](Scene& s) { heap::release(s.block + (std::size_t{1} << 30)); }},
    Kind{"realloc-interior", "realloc(p + 8)", live_block,
         [](Scene& s) { s.work.keep(heap::resize(s.block + 8, 2 * s.size), 2 * s.size); }},
    Kind{"realloc-stack", "realloc of an address on the stack", stack_area, resize_block},
    Kind{"realloc-mapping", "realloc of memory of mmap", mapped_area, resize_block},
    Kind{"realloc-non-canonical", "realloc of an address that no processor has", live_block,
         [](Scene& s) {
             auto* const nowhere = contract::opaque(reinterpret_cast<void*>(0xdeadbeefdeadbee0));
             s.work.keep(heap::resize(nowhere, s.size), s.size);
         }},
    Kind{"usable-size-interior", "malloc_usable_size(p + 8)", live_block,
         [](Scene& s) { heap::usable_size(s.block + 8); }},
    Kind{"usable-size-stack", "malloc_usable_size of an address on the stack", stack_area,
         [](Scene& s) { heap::usable_size(s.block); }},
};

} // namespace

constinit const Family kBadPointers{"Pointers that are no block", kKinds};

} // namespace misuse
