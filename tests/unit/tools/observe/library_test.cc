// SPDX-License-Identifier: MIT
#include "observe/library.h"

#include <catch2/catch.hpp>
#include <cstring>
#include <elf.h>
#include <random>
#include <string>
#include <unistd.h>

using namespace ashlar;
using namespace ashlar::observe;

namespace {

using Bytes = std::vector<unsigned char>;

void append_note(Bytes& notes, const std::string& owner, std::uint32_t type, std::size_t size,
                 std::size_t alignment = 4) {
    const Elf64_Nhdr header{.n_namesz = static_cast<std::uint32_t>(owner.size() + 1),
                            .n_descsz = static_cast<std::uint32_t>(size),
                            .n_type = type};
    const auto* const start = reinterpret_cast<const unsigned char*>(&header);
    notes.insert(notes.end(), start, start + sizeof header);
    notes.insert(notes.end(), owner.begin(), owner.end());
    notes.push_back(0);
    notes.resize((notes.size() + alignment - 1) / alignment * alignment);
    notes.insert(notes.end(), size, 0x11);
    notes.resize((notes.size() + alignment - 1) / alignment * alignment);
}

} // namespace

TEST_CASE("Ashlar's note is found among others") {
    Bytes notes;
    append_note(notes, "GNU", 3, 20);
    append_note(notes, "Ashlar", 2, 4);
    append_note(notes, "Ashlars", 1, 4);
    const std::size_t before = notes.size();
    append_note(notes, "Ashlar", ASHLAR_NOTE_TABLES, sizeof(ashlar_note));
    append_note(notes, "GNU", 1, 16);
    CHECK(find_note(notes, 4) == before + sizeof(Elf64_Nhdr) + 8);
    CHECK_FALSE(find_note(std::span(notes).first(before), 4));
    CHECK_FALSE(find_note({}, 4));
}

TEST_CASE("notes that are aligned to eight are, too") {
    Bytes notes;
    append_note(notes, "GNU", 5, 12, 8);
    append_note(notes, "Ashlar", ASHLAR_NOTE_TABLES, sizeof(ashlar_note), 8);
    REQUIRE(find_note(notes, 8));
    CHECK(notes.at(*find_note(notes, 8)) == 0x11);
}

TEST_CASE("notes that are cut short or damaged lead nowhere outside") {
    Bytes notes;
    append_note(notes, "GNU", 3, 20);
    append_note(notes, "Ashlar", ASHLAR_NOTE_TABLES, sizeof(ashlar_note));
    for (std::size_t length = 0; length < notes.size(); ++length) {
        CHECK_FALSE(find_note(std::span(notes).first(length), 4));
    }
    const auto seed = std::random_device()();
    INFO("seed " << seed);
    std::mt19937 random(seed);
    for (int round = 0; round < 5000; ++round) {
        Bytes changed = notes;
        for (int change = 0; change < 4; ++change) {
            changed[random() % changed.size()] = static_cast<unsigned char>(random());
        }
        if (const auto place = find_note(changed, 4)) {
            CHECK(*place <= changed.size());
        }
    }
}

TEST_CASE("Ashlar's libraries are known by their names where memory must not be read") {
    CHECK(is_called_ashlar("/usr/lib/libashlar.so"));
    CHECK(is_called_ashlar("/x/libashlar-hardened.so"));
    CHECK_FALSE(is_called_ashlar("/usr/lib/libc.so.6"));
    CHECK_FALSE(is_called_ashlar("/libashlar/libc.so"));
    CHECK_FALSE(is_called_ashlar(""));
}

TEST_CASE("objects that are none are passed over") {
    // Random headers in this process's own memory.
    const auto seed = std::random_device()();
    INFO("seed " << seed);
    std::mt19937_64 random(seed);
    std::vector<std::uint64_t> page(512);
    for (int round = 0; round < 500; ++round) {
        for (std::uint64_t& word : page) {
            word = random();
        }
        auto* const header = reinterpret_cast<Elf64_Ehdr*>(page.data());
        std::memcpy(header->e_ident, ELFMAG, SELFMAG);
        header->e_ident[EI_CLASS] = ELFCLASS64;
        header->e_phentsize = sizeof(Elf64_Phdr);
        header->e_phnum = random() % 64;
        header->e_phoff = 64;
        auto* const segments = reinterpret_cast<Elf64_Phdr*>(page.data() + 8);
        segments[0].p_type = PT_LOAD;
        segments[0].p_offset = 0;
        segments[0].p_vaddr = 0;
        segments[1].p_type = PT_NOTE;
        segments[1].p_vaddr = round % 2 == 0 ? random() % 4096 : random();
        process::Mapping mapping;
        mapping.begin = reinterpret_cast<process::Address>(page.data());
        mapping.end = mapping.begin + page.size() * sizeof page[0];
        mapping.is_readable = true;
        mapping.inode = 1;
        mapping.name = "/x";
        CHECK(find_library(process::Memory(getpid()), {mapping}).found == Found::kNone);
    }
}
