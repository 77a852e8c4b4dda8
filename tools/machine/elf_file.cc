// SPDX-License-Identifier: MIT
#include "machine/elf_file.h"

#include "machine/descriptor.h"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <elfutils/libdwelf.h>
#include <fcntl.h>
#include <gelf.h>
#include <memory>
#include <stdexcept>
#include <string_view>
#include <sys/stat.h>
#include <system_error>

namespace ashlar::machine {

namespace {

// No table of a file that a loader accepts comes near; one that claims more is damaged or meant to hurt.
constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 30;

class OpenFile {
  public:
    explicit OpenFile(const std::filesystem::path& path)
        : path_(path), descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
        struct stat status {};
        if (!descriptor_.open() || fstat(descriptor_.number(), &status) != 0) {
            throw std::runtime_error(path.string() +
                                     " cannot be read: " + std::generic_category().message(errno));
        }
        if (!S_ISREG(status.st_mode)) {
            throw std::runtime_error(path.string() + " is not a regular file");
        }
        size_ = static_cast<std::uint64_t>(status.st_size);
    }

    int descriptor() const { return descriptor_.number(); }
    std::uint64_t size() const { return size_; }

    void require(bool is_sound, const char* damage) const {
        if (!is_sound) {
            throw std::runtime_error(path_.string() + " is damaged: " + damage);
        }
    }

    // Its first bytes; fewer if it has no more.
    std::string start(std::size_t length) const {
        std::string bytes(length, '\0');
        const ssize_t got = pread(descriptor_.number(), bytes.data(), length, 0);
        bytes.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
        return bytes;
    }

  private:
    std::filesystem::path path_;
    Descriptor descriptor_;
    std::uint64_t size_ = 0;
};

struct EndElf {
    void operator()(Elf* elf) const { elf_end(elf); }
};
using ElfHandle = std::unique_ptr<Elf, EndElf>;

ElfHandle begin_elf(const OpenFile& file) {
    elf_version(EV_CURRENT);
    // libelf allocates at once for as many sections as a file claims. The header's own count is small enough
    // and suffices for every program; 0 means a larger one elsewhere. So the header is looked at alone first.
    std::string start = file.start(sizeof(Elf64_Ehdr));
    const ElfHandle alone(elf_memory(start.data(), start.size()));
    GElf_Ehdr header;
    file.require(gelf_getehdr(alone.get(), &header) == nullptr || header.e_shnum != 0 || header.e_shoff == 0,
                 "it claims more sections than there can be");
    // Reads instead of mapping: a mapped file that someone shortens meanwhile would end the process.
    return ElfHandle(elf_begin(file.descriptor(), ELF_C_READ, nullptr));
}

Elf_Data* read_segment(const OpenFile& file, Elf* elf, const GElf_Phdr& segment, Elf_Type type) {
    Elf_Data* const data =
        segment.p_filesz > kMostBytes
            ? nullptr
            : elf_getdata_rawchunk(elf, static_cast<std::int64_t>(segment.p_offset), segment.p_filesz, type);
    file.require(data != nullptr, "a segment lies outside the file");
    return data;
}

bool needs_any(Elf_Data* dynamic) {
    GElf_Dyn entry;
    for (int index = 0; gelf_getdyn(dynamic, index, &entry) != nullptr && entry.d_tag != DT_NULL; ++index) {
        if (entry.d_tag == DT_NEEDED) {
            return true;
        }
    }
    return false;
}

void read_segments(const OpenFile& file, Elf* elf, const GElf_Ehdr& header, ElfFile& result) {
    std::size_t count = 0; // libelf leaves out those that lie outside
    file.require(elf_getphdrnum(elf, &count) == 0 && count == header.e_phnum,
                 "its program headers lie outside the file");
    for (int index = 0; index < header.e_phnum; ++index) {
        GElf_Phdr segment;
        file.require(gelf_getphdr(elf, index, &segment) != nullptr, "its program headers cannot be read");
        if (segment.p_type == PT_INTERP) {
            const Elf_Data* const data = read_segment(file, elf, segment, ELF_T_BYTE);
            const auto* const text = static_cast<const char*>(data->d_buf);
            result.interpreter.assign(text, strnlen(text, data->d_size));
        } else if (segment.p_type == PT_DYNAMIC) {
            result.needs_libraries = needs_any(read_segment(file, elf, segment, ELF_T_DYN));
        } else if (segment.p_type == PT_LOAD) {
            result.loaded_bytes += segment.p_memsz;
        } else if (segment.p_type == PT_TLS) {
            result.tls_bytes += segment.p_memsz;
        }
    }
}

Elf_Data* read_section(const OpenFile& file, Elf_Scn* section) {
    GElf_Shdr header;
    Elf_Data* const data = gelf_getshdr(section, &header) == nullptr || header.sh_size > kMostBytes
                               ? nullptr
                               : elf_getdata(section, nullptr);
    file.require(data != nullptr, "a table lies outside the file");
    return data;
}

void read_symbols(const OpenFile& file, Elf* elf, Elf_Scn* section, const GElf_Shdr& table, ElfFile& result) {
    Elf_Data* const symbols = read_section(file, section);
    read_section(file, elf_getscn(elf, table.sh_link)); // elf_strptr would, whatever its size
    GElf_Sym symbol;
    for (int index = 0; gelf_getsym(symbols, index, &symbol) != nullptr; ++index) {
        const auto type = GELF_ST_TYPE(symbol.st_info);
        const bool is_defined = symbol.st_shndx != SHN_UNDEF;
        if (symbol.st_name == 0 || (is_defined && type != STT_FUNC && type != STT_GNU_IFUNC)) {
            continue;
        }
        const char* const name = elf_strptr(elf, table.sh_link, symbol.st_name);
        file.require(name != nullptr, "a name lies outside its table");
        if (table.sh_type == SHT_DYNSYM) {
            (is_defined ? result.exports : result.imports).insert(name);
        } else if (is_defined) {
            result.internal.insert(name);
        }
    }
}

void read_sections(const OpenFile& file, Elf* elf, const GElf_Ehdr& header, ElfFile& result) {
    // The loader needs none, and some tools cut them off. libelf shows none if the file ends among them.
    std::size_t count = 0;
    const bool is_cut_off = header.e_shnum == 0 || header.e_shoff >= file.size();
    file.require(elf_getshdrnum(elf, &count) == 0 && (count != 0 || is_cut_off),
                 "its section headers lie outside the file");
    for (Elf_Scn* section = nullptr; (section = elf_nextscn(elf, section)) != nullptr;) {
        GElf_Shdr table;
        file.require(gelf_getshdr(section, &table) != nullptr, "its section headers cannot be read");
        if (table.sh_type == SHT_DYNSYM || table.sh_type == SHT_SYMTAB) {
            read_symbols(file, elf, section, table, result);
        }
    }
    for (const std::string& name : result.exports) {
        result.internal.erase(name);
    }
}

} // namespace

std::string ElfFile::architecture() const {
    const char* const name = dwelf_elf_e_machine_string(machine);
    return (is_64_bit ? "64-bit " : "32-bit ") +
           (name == nullptr ? "machine " + std::to_string(machine) : std::string(name)) +
           (is_little_endian ? "" : " (big-endian)");
}

std::optional<ElfFile> read_elf(const std::filesystem::path& path) {
    const OpenFile file(path);
    if (file.start(SELFMAG) != ELFMAG) {
        return std::nullopt;
    }
    const ElfHandle elf = begin_elf(file);
    GElf_Ehdr header;
    file.require(gelf_getehdr(elf.get(), &header) != nullptr, "its header is cut short or unknown");
    ElfFile result;
    result.is_64_bit = header.e_ident[EI_CLASS] == ELFCLASS64;
    result.is_little_endian = header.e_ident[EI_DATA] == ELFDATA2LSB;
    result.type = header.e_type;
    result.machine = header.e_machine;
    if (result.is_64_bit && result.is_little_endian == (std::endian::native == std::endian::little)) {
        read_segments(file, elf.get(), header, result);
        read_sections(file, elf.get(), header, result);
    }
    return result;
}

std::string build_id(const std::filesystem::path& path) {
    try {
        const OpenFile file(path);
        const ElfHandle elf = begin_elf(file);
        const void* bytes = nullptr;
        const ssize_t length = elf ? dwelf_elf_gnu_build_id(elf.get(), &bytes) : 0;
        return length > 0 ? std::string(static_cast<const char*>(bytes), static_cast<std::size_t>(length))
                          : "";
    } catch (const std::runtime_error&) {
        return "";
    }
}

std::optional<std::string> shebang(const std::filesystem::path& path) {
    constexpr std::size_t kAsFarAsTheKernelLooks = 256;
    const std::string start = OpenFile(path).start(kAsFarAsTheKernelLooks);
    const std::string_view text = start;
    if (!text.starts_with("#!")) {
        return std::nullopt;
    }
    const std::string_view line = text.substr(0, text.find('\n'));
    const auto begin = line.find_first_not_of(" \t", 2);
    if (begin == std::string_view::npos) {
        return "";
    }
    const auto end = std::min(line.find_first_of(" \t\r", begin), line.size());
    return std::string(line.substr(begin, end - begin));
}

} // namespace ashlar::machine
