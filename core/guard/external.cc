// SPDX-License-Identifier: MIT
#include "guard/external.h"

#include "heap/external.h"
#include "heap/fallback.h"
#include "layout/size_class.h"
#include "os/page_memory.h"
#include "os/possible_memory.h"

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace ashlar::guard::external {

namespace {

constinit bool behind_is_c_library = false;

// The header before a block of the C library's malloc.
struct Header {
    std::size_t before; // length of the free block before, or of the mapping before the header
    std::size_t size;   // length of header and block, with three flags

    static constexpr std::size_t kPreviousInUse = 1;
    static constexpr std::size_t kMapped = 2;
    static constexpr std::size_t kOtherArena = 4;
    static constexpr std::size_t kLeast = 32;

    bool has(std::size_t flag) const { return (size & flag) != 0; }
    std::size_t length() const { return size & ~std::size_t{7}; }
};

// Alignment of the mappings that hold all arenas but the first. Each begins with the arena's address.
constexpr std::uintptr_t kArenaMapping = std::uintptr_t{64} << 20;

// Returns whether `address` is readable. Where the kernel does not tell, the answer is true.
bool readable(std::uintptr_t address) {
    return os::look_for_memory(reinterpret_cast<const void*>(address)) != os::Memory::kNone;
}

// With larger pages one page may be checked twice, which does no harm.
constexpr std::uintptr_t kLeastPage = 4096;

template <typename Value>
bool read(std::uintptr_t address, Value& value) {
    const std::uintptr_t last = address + sizeof(Value) - 1;
    if (!readable(address) || (address / kLeastPage != last / kLeastPage && !readable(last))) return false;
    std::memcpy(&value, reinterpret_cast<const void*>(address), sizeof(Value));
    return true;
}

bool could_be_mapped(std::uintptr_t block, const Header& header) {
    const std::size_t page = os::page_size();
    const std::uintptr_t start = block - sizeof(Header) - header.before;
    return start % page == 0 && (header.before + header.length()) % page == 0 && header.before < block &&
           readable(start) && readable(block + header.length() - sizeof(Header) - 1);
}

bool could_be_in_arena(std::uintptr_t block, const Header& header) {
    std::uintptr_t arena = 1;
    if (header.has(Header::kOtherArena) &&
        (!read(block & ~(kArenaMapping - 1), arena) || arena == 0 || arena % sizeof(void*) != 0)) {
        return false;
    }
    Header next{};
    return read(block - sizeof(Header) + header.length(), next) && next.has(Header::kPreviousInUse) &&
           next.length() >= sizeof(Header);
}

} // namespace

void prepare() {
    behind_is_c_library = heap::fallback::is_c_library();
    // Makes the first call of the C library's malloc, which sets it up. If several threads made that call at
    // once, it would fail. Until then its state holds null pointers.
    heap::fallback::allocated_bytes();
}

bool looks_like_block(const void* address) {
    const auto block = reinterpret_cast<std::uintptr_t>(address);
    Header header{};
    if (block % layout::kAlignment != 0 || !read(block - sizeof(Header), header) ||
        header.length() < Header::kLeast || header.length() % layout::kAlignment != 0 ||
        header.length() > PTRDIFF_MAX - block) {
        return false;
    }
    return header.has(Header::kMapped) ? could_be_mapped(block, header) : could_be_in_arena(block, header);
}

bool may_be_block(const void* address) {
    return heap::objection_to(address).empty() && (!behind_is_c_library || looks_like_block(address));
}

} // namespace ashlar::guard::external
