// SPDX-License-Identifier: MIT
#include "observe/described_object.h"

#include "os/first_objects.h"
#include "os/possible_memory.h"

#include <array>
#include <atomic>
#include <dlfcn.h>
#include <elf.h>

// Not before glibc 2.35. NOLINTNEXTLINE(readability-redundant-declaration): that it is weak is new
extern "C" [[gnu::weak]] int _dl_find_object(void*, dl_find_object*) noexcept;

namespace ashlar::observe {

namespace {

// ---- Identity of an object --------------------------------------------------------------------------------

std::uint64_t mix(std::uint64_t sum, std::uint64_t word) {
    constexpr std::uint64_t kGolden = 0x9E3779B97F4A7C15;
    const std::uint64_t product = (sum ^ word) * kGolden;
    return product ^ product >> 32;
}

// Mixes contents of an object that may be unloaded into `sum`, since another may be loaded at the same
// addresses. Behind the program headers linkers put notes, with the build id, or else symbols.
[[gnu::noinline]] std::uint64_t mix_contents(std::uint64_t sum, const ObjectExtent& object) {
    constexpr std::uintptr_t kPlace = 480;
    std::array<std::uint64_t, 40> words{};
    if (object.end - object.begin < kPlace + sizeof words) return sum;
    if (!os::copy_if_readable(words.data(), reinterpret_cast<const void*>(object.begin + kPlace),
                              sizeof words)) {
        return sum;
    }
    for (const std::uint64_t word : words)
        sum = mix(sum, word);
    return sum;
}

// ---- Segments that are never unmapped ---------------------------------------------------------------------

// A first object's segment with its frame descriptions, once it is known. `end` is kNone if there is none.
struct Lasting {
    std::atomic<std::uintptr_t> begin{0};
    std::atomic<std::uintptr_t> end{0};
};
constinit std::array<Lasting, os::kMostFirstObjects> lasting{};
constexpr std::uintptr_t kNone = 1;

// Finds the readable segment around `header`. The file's first segment begins with the program headers.
[[gnu::noinline]] bool find_segment(const DescribedObject& object, const link_map& map, std::uintptr_t& begin,
                                    std::uintptr_t& end) {
    constexpr unsigned kMostSegments = 64;
    ObjectBytes bytes(object);
    if (bytes.take<std::uint32_t>() != 0x464C457F) return false; // "\x7F" "ELF"
    bytes.go_to(object.begin + offsetof(Elf64_Ehdr, e_phoff));
    const std::uintptr_t headers = object.begin + bytes.take<Elf64_Off>();
    bytes.go_to(object.begin + offsetof(Elf64_Ehdr, e_phentsize));
    const auto size = bytes.take<Elf64_Half>();
    const auto count = bytes.take<Elf64_Half>();
    for (unsigned i = 0; i < count && i < kMostSegments; ++i) {
        const std::uintptr_t place = headers + std::uintptr_t{i} * size;
        bytes.go_to(place + offsetof(Elf64_Phdr, p_type));
        const auto type = bytes.take<Elf64_Word>();
        const auto flags = bytes.take<Elf64_Word>();
        bytes.go_to(place + offsetof(Elf64_Phdr, p_vaddr));
        begin = map.l_addr + bytes.take<Elf64_Addr>();
        bytes.go_to(place + offsetof(Elf64_Phdr, p_filesz));
        end = begin + bytes.take<Elf64_Xword>();
        if (bytes.failed()) return false;
        if (type == PT_LOAD && (flags & PF_R) != 0 && object.header - begin < end - begin) return true;
    }
    return false;
}

void find_lasting(std::size_t number, const link_map& map, DescribedObject& object) {
    Lasting& known = lasting[number];
    std::uintptr_t end = known.end.load(std::memory_order_acquire);
    std::uintptr_t begin = known.begin.load(std::memory_order_relaxed);
    if (end == 0) {
        if (object.header == 0 || !find_segment(object, map, begin, end)) begin = end = kNone;
        known.begin.store(begin, std::memory_order_relaxed);
        known.end.store(end, std::memory_order_release);
    }
    object.lasting_begin = begin;
    object.lasting_end = end;
}

} // namespace

[[gnu::noinline]] bool find_object(std::uintptr_t address, DescribedObject& object) {
    dl_find_object found{};
    if (_dl_find_object == nullptr) return false;
    if (_dl_find_object(reinterpret_cast<void*>(address), &found) != 0) return false;
    object = {};
    object.begin = reinterpret_cast<std::uintptr_t>(found.dlfo_map_start);
    object.end = reinterpret_cast<std::uintptr_t>(found.dlfo_map_end);
    object.header = reinterpret_cast<std::uintptr_t>(found.dlfo_eh_frame);
    std::uint64_t sum = mix(mix(object.begin, object.end), object.header);
    sum = mix(sum, reinterpret_cast<std::uintptr_t>(found.dlfo_link_map));
    const std::size_t number = os::first_object_number(found.dlfo_link_map);
    if (number != os::kNotFirst) {
        find_lasting(number, *found.dlfo_link_map, object);
    } else {
        sum = mix_contents(sum, object);
    }
    object.identity = static_cast<std::uint32_t>(sum);
    return object.contains(address);
}

} // namespace ashlar::observe
