// SPDX-License-Identifier: MIT
#include "observe/library.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <gelf.h>
#include <string_view>

namespace ashlar::observe {

namespace {

using process::Address;
using process::Mapping;
using process::Memory;

constexpr std::size_t kMostHeaders = 256;
constexpr std::size_t kMostNoteBytes = std::size_t{64} << 10;

std::string without_deleted(const std::string& path) {
    constexpr std::string_view kDeleted = " (deleted)";
    return path.ends_with(kDeleted) ? path.substr(0, path.size() - kDeleted.size()) : path;
}

std::string_view file_name(std::string_view path) {
    return path.substr(path.rfind('/') + 1);
}

// Returns whether the mapping may be an object's first segment, with its headers.
bool may_begin_object(const Mapping& mapping) {
    return mapping.has_file() && mapping.offset == 0 && mapping.is_readable && !mapping.is_shared;
}

struct Note {
    Address descriptor = 0;
    ashlar_note value{};
};

std::optional<Note> note_in(const Memory& memory, const Elf64_Phdr& segment, Address bias) {
    const std::size_t size = std::min<std::size_t>(segment.p_memsz, kMostNoteBytes);
    const auto bytes = memory.read<unsigned char>(bias + segment.p_vaddr, size);
    const auto place = find_note(bytes, segment.p_align);
    if (!place || bytes.size() - *place < sizeof(ashlar_note)) {
        return std::nullopt;
    }
    Note note{.descriptor = bias + segment.p_vaddr + *place};
    std::memcpy(&note.value, bytes.data() + *place, sizeof note.value);
    return note;
}

// Headers are read by hand. libelf takes the whole image of a file, and the end of it may not be loaded.
std::optional<Note> note_of(const Memory& memory, const Mapping& mapping) {
    const auto header = memory.read<Elf64_Ehdr>(mapping.begin);
    if (!header || std::memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 ||
        header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_phentsize != sizeof(Elf64_Phdr) ||
        header->e_phnum > kMostHeaders || header->e_phoff >= mapping.size()) {
        return std::nullopt;
    }
    const auto segments = memory.read<Elf64_Phdr>(mapping.begin + header->e_phoff, header->e_phnum);
    const auto first = std::find_if(segments.begin(), segments.end(), [](const Elf64_Phdr& segment) {
        return segment.p_type == PT_LOAD && segment.p_offset == 0;
    });
    if (first == segments.end()) {
        return std::nullopt;
    }
    for (const Elf64_Phdr& segment : segments) {
        if (segment.p_type == PT_NOTE) {
            if (const auto note = note_in(memory, segment, mapping.begin - first->p_vaddr)) {
                return note;
            }
        }
    }
    return std::nullopt;
}

std::optional<Library> library_behind(const Memory& memory, const Note& note, const std::string& path) {
    Library library{.path = path, .place = note.descriptor + static_cast<Address>(note.value.tables)};
    const std::size_t size = std::min<std::size_t>(note.value.size, sizeof library.tables);
    if (!memory.read_bytes(library.place, &library.tables, size) ||
        library.tables.version != ASHLAR_TABLES_VERSION) {
        return std::nullopt;
    }
    const char* const version = library.tables.library_version;
    library.version.assign(version, strnlen(version, sizeof library.tables.library_version));
    return library;
}

std::uint64_t pages_of(const Memory& memory, const Library& library) {
    const auto place = reinterpret_cast<Address>(library.tables.slices_in_use);
    return memory.read<std::uint64_t>(place).value_or(0);
}

LibrarySearch failed(const std::vector<Mapping>& mappings, int error) {
    LibrarySearch search;
    search.found = error == ESRCH ? Found::kGone : Found::kForbidden;
    for (const Mapping& mapping : mappings) {
        if (is_called_ashlar(mapping.name)) {
            search.path = without_deleted(mapping.name);
        }
    }
    return search;
}

} // namespace

bool is_still_there(const Memory& memory, const Library& library) {
    ashlar_tables now{};
    const std::size_t size = std::min<std::size_t>(library.tables.size, sizeof now);
    return memory.read_bytes(library.place, &now, size) && std::memcmp(&now, &library.tables, size) == 0;
}

bool is_called_ashlar(const std::string& path) {
    return file_name(path).starts_with("libashlar");
}

std::optional<std::size_t> find_note(std::span<const unsigned char> notes, std::size_t alignment) {
    constexpr std::size_t kLong = 8;
    constexpr std::string_view kOwner(ASHLAR_NOTE_OWNER, sizeof ASHLAR_NOTE_OWNER); // with its final zero
    Elf_Data data{};
    data.d_buf = const_cast<unsigned char*>(notes.data()); // only read by what follows
    data.d_size = notes.size();
    data.d_type = alignment == kLong ? ELF_T_NHDR8 : ELF_T_NHDR;
    GElf_Nhdr header;
    std::size_t name = 0;
    std::size_t descriptor = 0;
    for (std::size_t next = 0; (next = gelf_getnote(&data, next, &header, &name, &descriptor)) != 0;) {
        if (header.n_type == ASHLAR_NOTE_TABLES && header.n_namesz == kOwner.size() &&
            std::memcmp(notes.data() + name, kOwner.data(), kOwner.size()) == 0) {
            return descriptor;
        }
    }
    return std::nullopt;
}

LibrarySearch find_library(const Memory& memory, const std::vector<Mapping>& mappings) {
    std::vector<const Mapping*> objects;
    for (const Mapping& mapping : mappings) {
        if (may_begin_object(mapping)) {
            objects.push_back(&mapping);
        }
    }
    // Reading an object may bring a page into the process's memory, so likely objects are first.
    const auto others = std::stable_partition(objects.begin(), objects.end(), [](const Mapping* mapping) {
        return is_called_ashlar(without_deleted(mapping->name));
    });
    LibrarySearch best;
    std::uint64_t most = 0;
    bool any_read = false;
    for (auto object = objects.begin(); object != objects.end() && (object < others || most == 0); ++object) {
        const Mapping& mapping = **object;
        if (char first = 0; !any_read && !memory.read_bytes(mapping.begin, &first, 1)) {
            if (errno != EFAULT) {
                return failed(mappings, errno);
            }
            continue;
        }
        any_read = true;
        const auto note = note_of(memory, mapping);
        if (!note) {
            continue;
        }
        auto library = note->value.version == ASHLAR_TABLES_VERSION
                           ? library_behind(memory, *note, without_deleted(mapping.name))
                           : std::nullopt;
        if (!library) {
            if (best.found == Found::kNone) {
                best = {.found = Found::kOtherVersion,
                        .library = std::nullopt,
                        .path = without_deleted(mapping.name)};
            }
            continue;
        }
        const std::uint64_t pages = pages_of(memory, *library);
        if (!best.library || pages > most) {
            most = pages;
            best = {.found = Found::kLibrary,
                    .library = std::move(library),
                    .path = without_deleted(mapping.name)};
        }
    }
    return best;
}

} // namespace ashlar::observe
