// SPDX-License-Identifier: MIT
#include "observe/loaded_maps.h"

#include "os/system_call.h"

#include <algorithm>
#include <cstring>
#include <elf.h>
#include <fcntl.h>
#include <string_view>
#include <sys/stat.h>
#include <sys/syscall.h>

namespace ashlar::observe {

namespace {

constexpr unsigned kMostSegments = 64;

// A piece of a file's notes.
using Notes = std::array<unsigned char, 256>;

bool read_at(long file, std::uint64_t offset, void* bytes, std::size_t count) {
    return os::system_call(SYS_pread64, file, bytes, count, offset) == static_cast<long>(count);
}

// Finds a build id in the first 256 bytes of a segment's notes. Returns its length, or 0 if there is none.
unsigned find_in_notes(long file, const Elf64_Phdr& segment, Notes& bytes, std::uint8_t* id, unsigned most) {
    const std::size_t size = std::min<std::size_t>(segment.p_filesz, bytes.size());
    if (!read_at(file, segment.p_offset, bytes.data(), size)) return 0;
    for (std::size_t at = 0; at + sizeof(Elf64_Nhdr) <= size;) {
        Elf64_Nhdr note;
        std::memcpy(&note, &bytes[at], sizeof(note));
        const std::size_t name = at + sizeof(note);
        const std::size_t content = name + (std::size_t{note.n_namesz} + 3) / 4 * 4;
        const std::size_t end = content + (std::size_t{note.n_descsz} + 3) / 4 * 4;
        if (end > size || content > end) return 0;
        const bool gnu = note.n_namesz == 4 && std::memcmp(&bytes[name], "GNU", 4) == 0;
        if (gnu && note.n_type == NT_GNU_BUILD_ID && note.n_descsz <= most) {
            std::memcpy(id, &bytes[content], note.n_descsz);
            return note.n_descsz;
        }
        at = end;
    }
    return 0;
}

unsigned build_id_of(long file, Notes& notes, std::uint8_t* id, unsigned most) {
    Elf64_Ehdr head;
    if (!read_at(file, 0, &head, sizeof(head)) || std::memcmp(head.e_ident, ELFMAG, SELFMAG) != 0) return 0;
    const unsigned segments = std::min<unsigned>(head.e_phnum, kMostSegments);
    for (unsigned i = 0; i < segments; ++i) {
        Elf64_Phdr segment;
        if (!read_at(file, head.e_phoff + i * sizeof(segment), &segment, sizeof(segment))) return 0;
        if (segment.p_type != PT_NOTE) continue;
        if (const unsigned length = find_in_notes(file, segment, notes, id, most); length != 0) return length;
    }
    return 0;
}

// Returns the inode, or 0 if it is unknown. Not inlined, because its frame is large.
[[gnu::noinline]] std::uint64_t inode_of(long file) {
    struct stat about {};
    return os::system_call(SYS_fstat, file, &about) == 0 ? about.st_ino : 0;
}

// Takes a number and the separator behind it.
std::uint64_t take_number(const char*& text, unsigned base) {
    std::uint64_t value = 0;
    for (;; ++text) {
        const char c = *text;
        if (c >= '0' && c <= '9') {
            value = value * base + static_cast<unsigned>(c - '0');
        } else if (base == 16 && c >= 'a' && c <= 'f') {
            value = value * base + static_cast<unsigned>(c - 'a' + 10);
        } else {
            if (c != '\0') ++text;
            return value;
        }
    }
}

} // namespace

// "begin-end rwxp offset major:minor inode      path"
void LoadedMaps::Line::parse() {
    text[length] = '\0';
    const char* at = text.data();
    begin = take_number(at, 16);
    end = take_number(at, 16);
    executable = std::strlen(at) > 5 && at[2] == 'x';
    if (!executable) return;
    at += 5;
    offset = take_number(at, 16);
    const auto major = static_cast<std::uint32_t>(take_number(at, 16));
    device = major << 20 | static_cast<std::uint32_t>(take_number(at, 16));
    inode = take_number(at, 10);
    while (*at == ' ')
        ++at;
    path = at;
}

bool LoadedMaps::knows(std::uintptr_t address) const {
    const std::uint32_t count = count_.load(std::memory_order_acquire);
    return std::any_of(known_.begin(), known_.begin() + count, [address](const Known& known) {
        return address >= known.begin.load(std::memory_order_relaxed) &&
               address < known.end.load(std::memory_order_relaxed);
    });
}

// Notes a mapping, and returns whether it is new. It replaces one that it overlaps, which must be gone.
bool LoadedMaps::note(const Line& line) {
    constexpr auto kRelaxed = std::memory_order_relaxed;
    const std::uint32_t count = count_.load(kRelaxed);
    std::uint32_t i = 0;
    while (i < count &&
           (known_[i].end.load(kRelaxed) <= line.begin || known_[i].begin.load(kRelaxed) >= line.end))
        ++i;
    if (i == known_.size()) return false;
    Known& known = known_[i];
    if (i < count && known.begin.load(kRelaxed) == line.begin && known.end.load(kRelaxed) == line.end &&
        known.inode.load(kRelaxed) == line.inode) {
        return false;
    }
    known.begin.store(line.begin, kRelaxed);
    known.end.store(line.end, kRelaxed);
    known.inode.store(line.inode, kRelaxed);
    if (i == count) count_.store(count + 1, std::memory_order_release);
    return true;
}

// Not inlined, so that its frame does not exist while a line is read.
[[gnu::noinline]] void LoadedMaps::append(RecordFile& file, const Line& line) {
    profile_format::Map map{};
    map.begin = line.begin;
    map.end = line.end;
    map.offset = line.offset;
    map.inode = line.inode;
    map.device = line.device;
    const std::string_view path(line.path, std::strlen(line.path));
    map.path_length = static_cast<std::uint16_t>(path.size());
    if (!path.empty() && path.front() == '/') {
        const long mapped =
            os::system_call(SYS_openat, AT_FDCWD, line.path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
        if (mapped >= 0) {
            if (line.inode != 0 && inode_of(mapped) == line.inode) {
                map.build_id_length = static_cast<std::uint8_t>(build_id_of(
                    mapped, notes_, map.build_id.data(), static_cast<unsigned>(map.build_id.size())));
            }
            os::system_call(SYS_close, mapped);
        }
    }
    file.append(RecordFile::Kind::kMap, {&map, sizeof(map)}, {path.data(), path.size()});
}

void LoadedMaps::record(RecordFile& file) {
    if (reading_.exchange(true, std::memory_order_acquire)) return;
    const long maps = os::system_call(SYS_openat, AT_FDCWD, "/proc/self/maps", O_RDONLY | O_CLOEXEC);
    if (maps >= 0) {
        line_.length = 0;
        long length = 0;
        while ((length = os::system_call(SYS_read, maps, piece_.data(), piece_.size())) > 0) {
            for (long i = 0; i < length; ++i) {
                if (piece_[static_cast<std::size_t>(i)] != '\n') {
                    line_.add(piece_[static_cast<std::size_t>(i)]);
                    continue;
                }
                line_.parse();
                if (line_.executable && note(line_)) append(file, line_);
                line_.length = 0;
            }
        }
        os::system_call(SYS_close, maps);
    }
    reading_.store(false, std::memory_order_release);
}

} // namespace ashlar::observe
