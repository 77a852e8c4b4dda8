// SPDX-License-Identifier: MIT
#include "symbols/demangle.h"
#include "symbols/jit_map.h"
#include "symbols/symbolizer.h"
#include "traced.h"

#include <catch2/catch.hpp>
#include <cstring>
#include <elf.h>
#include <filesystem>
#include <link.h>

using namespace ashlar::symbols;
using Catch::Matchers::Contains;

namespace {

// The file offset of an address in this program, and the program's build id.
struct Place {
    std::uintptr_t address;
    std::uint64_t offset = 0;
    std::string build_id{};
};

void read_notes(const dl_phdr_info& object, const ElfW(Phdr) & segment, Place& place) {
    const auto* at = reinterpret_cast<const char*>(object.dlpi_addr + segment.p_vaddr);
    const char* const end = at + segment.p_memsz;
    while (at + sizeof(ElfW(Nhdr)) <= end) {
        const auto* const note = reinterpret_cast<const ElfW(Nhdr)*>(at);
        const char* const name = at + sizeof *note;
        const char* const data = name + (note->n_namesz + 3) / 4 * 4;
        if (note->n_type == NT_GNU_BUILD_ID && std::strcmp(name, "GNU") == 0) {
            place.build_id.assign(data, note->n_descsz);
        }
        at = data + (note->n_descsz + 3) / 4 * 4;
    }
}

int look(dl_phdr_info* object, std::size_t /*size*/, void* wanted) {
    auto& place = *static_cast<Place*>(wanted);
    for (unsigned index = 0; index < object->dlpi_phnum; ++index) {
        const ElfW(Phdr)& segment = object->dlpi_phdr[index];
        const std::uintptr_t begin = object->dlpi_addr + segment.p_vaddr;
        if (segment.p_type == PT_LOAD && place.address >= begin && place.address - begin < segment.p_filesz) {
            place.offset = place.address - begin + segment.p_offset;
        } else if (segment.p_type == PT_NOTE) {
            read_notes(*object, segment, place);
        }
    }
    return 1; // the program is the first object
}

} // namespace

TEST_CASE("symbols: C++ and Rust names are demangled, others stay") {
    CHECK(demangled("_ZN5shape6circle4areaEv") == "shape::circle::area");
    CHECK(demangled("_ZN4core3fmt5Write9write_fmt17h0123456789abcdefE") == "core::fmt::Write::write_fmt");
    CHECK(demangled("_RNvC6_123foo3bar") == "123foo::bar");
    CHECK(demangled("main") == "main");
    CHECK(demangled("i") == "i"); // not "int"
    CHECK(demangled("_Znonsense") == "_Znonsense");
    CHECK(demangled("").empty());
}

TEST_CASE("symbols: functions compiled at run time") {
    const JitMap map(
        "1000 20 first\n1020 10 LazyCompile:~second file.js:12\nnonsense\n2000\n3000 zz x\n1000 8 newer\n");
    CHECK(map.function_at(0x1004) == "newer");
    CHECK(map.function_at(0x1020) == "LazyCompile:~second file.js:12");
    CHECK(!map.function_at(0x1008));
    CHECK(!map.function_at(0xfff));
    CHECK(!map.function_at(0x1030));
    CHECK(!map.function_at(0x3000));
    CHECK(!JitMap("").function_at(0));
}

TEST_CASE("symbols: files that cannot be used say why") {
    Symbolizer symbolizer;
    CHECK(symbolizer.look_up({.path = "/nonexistent/libgone.so", .build_id = {}}, 0x1000).empty());
    CHECK(symbolizer.look_up({.path = "/usr/lib/libold.so (deleted)", .build_id = {}}, 0x1000).empty());
    CHECK(symbolizer.look_up({.path = "/proc/self/exe", .build_id = "another one"}, 0x1000).empty());
    CHECK(symbolizer.look_up({.path = "", .build_id = {}}, 0x1000).empty()); // has none: nothing to say
    const std::vector<std::string> notes = symbolizer.notes();
    REQUIRE(notes.size() == 3);
    CHECK_THAT(notes[0], Contains("/nonexistent/libgone.so: is not on this machine"));
    CHECK_THAT(notes[1], Contains("another build id"));
    CHECK_THAT(notes[2], Contains("/usr/lib/libold.so: was replaced or removed"));
}

TEST_CASE("symbols: a place has its function, what was inlined there, and the lines") {
    Place place{.address = reinterpret_cast<std::uintptr_t>(traced::outer()) - 1};
    dl_iterate_phdr(look, &place);
    REQUIRE(place.offset != 0);
    const std::string program = std::filesystem::read_symlink("/proc/self/exe");
    Symbolizer symbolizer;
    const std::vector<Location> found =
        symbolizer.look_up({.path = program, .build_id = place.build_id}, place.offset);
    REQUIRE(found.size() == 2);
    CHECK(found[0].function == "traced::(anonymous namespace)::inner");
    CHECK(found[0].line == traced::kLineOfCall);
    CHECK(found[0].inlined);
    CHECK(found[1].function == "traced::outer");
    CHECK(found[1].line == traced::kLineOfInlinedCall);
    CHECK(!found[1].inlined);
    CHECK(found[1].file.ends_with("traced.cc"));
    CHECK(symbolizer.notes().empty());

    SECTION("a file that was upgraded has none") {
        Symbolizer other;
        CHECK(other.look_up({.path = program, .build_id = "an older one"}, place.offset).empty());
        CHECK(other.notes().size() == 1);
    }
}
