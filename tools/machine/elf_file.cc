// SPDX-License-Identifier: MIT
#include "machine/elf_file.h"

#include "machine/descriptor.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <elf.h>
#include <fcntl.h>
#include <stdexcept>
#include <sys/stat.h>
#include <system_error>

namespace ashlar::machine {

namespace {

// No file that a loader accepts comes near; one that claims more is damaged or meant to hurt.
constexpr std::uint64_t kMostHeaders = 65'536;
constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 30;

// Reads instead of mapping: a mapped file that someone shortens meanwhile would end the process.
class Source {
  public:
    explicit Source(const std::filesystem::path& path)
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

    std::uint64_t size() const { return size_; }

    [[noreturn]] void fail(const std::string& what) const {
        throw std::runtime_error(path_.string() + " is damaged: " + what);
    }

    template <typename Item>
    std::vector<Item> read(std::uint64_t offset, std::uint64_t count) const {
        if (offset > size_ || count > (size_ - offset) / sizeof(Item) || count * sizeof(Item) > kMostBytes) {
            fail("a table lies outside the file");
        }
        std::vector<Item> items(count);
        auto* next = reinterpret_cast<char*>(items.data());
        std::size_t missing = count * sizeof(Item);
        while (missing > 0) {
            const ssize_t length = pread(descriptor_.number(), next, missing, static_cast<off_t>(offset));
            if (length <= 0) {
                fail("it became shorter while it was read");
            }
            next += length;
            offset += static_cast<std::uint64_t>(length);
            missing -= static_cast<std::size_t>(length);
        }
        return items;
    }

  private:
    std::filesystem::path path_;
    Descriptor descriptor_;
    std::uint64_t size_ = 0;
};

// The text that starts there in a table of texts, if it ends inside.
std::string text_at(const std::vector<char>& table, std::uint64_t offset) {
    if (offset >= table.size()) {
        return "";
    }
    const auto begin = table.begin() + static_cast<std::ptrdiff_t>(offset);
    const auto end = std::find(begin, table.end(), '\0');
    return end == table.end() ? "" : std::string(begin, end);
}

// Where in the file that address of the loaded program is.
std::optional<std::uint64_t> file_offset(const std::vector<Elf64_Phdr>& segments, std::uint64_t address) {
    for (const Elf64_Phdr& segment : segments) {
        if (segment.p_type == PT_LOAD && address >= segment.p_vaddr &&
            address - segment.p_vaddr < segment.p_filesz) {
            return segment.p_offset + (address - segment.p_vaddr);
        }
    }
    return std::nullopt;
}

std::vector<std::string> read_needed(const Source& file, const std::vector<Elf64_Phdr>& segments,
                                     const Elf64_Phdr& dynamic_segment) {
    const auto entries =
        file.read<Elf64_Dyn>(dynamic_segment.p_offset, dynamic_segment.p_filesz / sizeof(Elf64_Dyn));
    const auto end = std::find_if(entries.begin(), entries.end(),
                                  [](const Elf64_Dyn& entry) { return entry.d_tag == DT_NULL; });
    const auto value = [&](Elf64_Sxword tag) -> std::uint64_t {
        const auto found =
            std::find_if(entries.begin(), end, [&](const Elf64_Dyn& entry) { return entry.d_tag == tag; });
        return found == end ? 0 : found->d_un.d_val;
    };
    const auto texts_at = file_offset(segments, value(DT_STRTAB));
    std::vector<std::string> needed;
    if (!texts_at) {
        return needed;
    }
    const auto texts = file.read<char>(*texts_at, value(DT_STRSZ));
    for (auto entry = entries.begin(); entry != end; ++entry) {
        if (entry->d_tag == DT_NEEDED) {
            needed.push_back(text_at(texts, entry->d_un.d_val));
        }
    }
    return needed;
}

void read_segments(const Source& file, const Elf64_Ehdr& header, ElfFile& result) {
    if (header.e_phnum == 0) {
        return;
    }
    if (header.e_phentsize != sizeof(Elf64_Phdr)) {
        file.fail("its program headers have an unknown size");
    }
    const auto segments = file.read<Elf64_Phdr>(header.e_phoff, header.e_phnum);
    for (const Elf64_Phdr& segment : segments) {
        if (segment.p_type == PT_INTERP) {
            result.interpreter = text_at(file.read<char>(segment.p_offset, segment.p_filesz), 0);
        } else if (segment.p_type == PT_DYNAMIC) {
            result.needed = read_needed(file, segments, segment);
        }
    }
}

void read_symbols(const Source& file, const Elf64_Shdr& table, const Elf64_Shdr& texts_section,
                  ElfFile& result) {
    const auto symbols = file.read<Elf64_Sym>(table.sh_offset, table.sh_size / sizeof(Elf64_Sym));
    const auto texts = file.read<char>(texts_section.sh_offset, texts_section.sh_size);
    for (const Elf64_Sym& symbol : symbols) {
        const auto type = ELF64_ST_TYPE(symbol.st_info);
        const bool is_defined = symbol.st_shndx != SHN_UNDEF;
        if (symbol.st_name == 0 || (is_defined && type != STT_FUNC && type != STT_GNU_IFUNC)) {
            continue;
        }
        if (table.sh_type == SHT_DYNSYM) {
            (is_defined ? result.exports : result.imports).insert(text_at(texts, symbol.st_name));
        } else if (is_defined) {
            result.internal.insert(text_at(texts, symbol.st_name));
        }
    }
}

void read_sections(const Source& file, const Elf64_Ehdr& header, ElfFile& result) {
    if (header.e_shoff == 0 || header.e_shoff >= file.size()) {
        return; // stripped of them; the loader does not need any
    }
    if (header.e_shentsize != sizeof(Elf64_Shdr)) {
        file.fail("its section headers have an unknown size");
    }
    const auto first = file.read<Elf64_Shdr>(header.e_shoff, 1);
    const std::uint64_t count = header.e_shnum != 0 ? header.e_shnum : first[0].sh_size;
    if (count > kMostHeaders) {
        file.fail("it claims more sections than there can be");
    }
    const auto sections = file.read<Elf64_Shdr>(header.e_shoff, count);
    for (const Elf64_Shdr& section : sections) {
        if ((section.sh_type == SHT_DYNSYM || section.sh_type == SHT_SYMTAB) && section.sh_link < count) {
            read_symbols(file, section, sections[section.sh_link], result);
        }
    }
    for (const std::string& name : result.exports) {
        result.internal.erase(name);
    }
}

std::string machine_name(std::uint16_t machine) {
    switch (machine) {
    case EM_386:
        return "x86";
    case EM_X86_64:
        return "x86-64";
    case EM_ARM:
        return "ARM";
    case EM_AARCH64:
        return "AArch64";
    case EM_RISCV:
        return "RISC-V";
    case EM_PPC64:
        return "PowerPC";
    case EM_S390:
        return "s390";
    case EM_MIPS:
        return "MIPS";
    default:
        return "machine " + std::to_string(machine);
    }
}

} // namespace

std::string ElfFile::architecture() const {
    return std::string(is_64_bit ? "64-bit " : "32-bit ") + machine_name(machine) +
           (is_little_endian ? "" : " (big-endian)");
}

std::optional<ElfFile> read_elf(const std::filesystem::path& path) {
    const Source file(path);
    if (file.size() < SELFMAG || std::memcmp(file.read<char>(0, SELFMAG).data(), ELFMAG, SELFMAG) != 0) {
        return std::nullopt;
    }
    // What both word sizes have in common comes first: identification, type, machine.
    const auto start = file.read<unsigned char>(0, offsetof(Elf64_Ehdr, e_version));
    ElfFile result;
    result.is_64_bit = start[EI_CLASS] == ELFCLASS64;
    result.is_little_endian = start[EI_DATA] == ELFDATA2LSB;
    const auto number = [&](std::size_t offset) {
        const unsigned low = start[offset + (result.is_little_endian ? 0 : 1)];
        const unsigned high = start[offset + (result.is_little_endian ? 1 : 0)];
        return static_cast<std::uint16_t>(low | high << 8);
    };
    result.type = number(offsetof(Elf64_Ehdr, e_type));
    result.machine = number(offsetof(Elf64_Ehdr, e_machine));
    if (!result.is_64_bit || result.is_little_endian != (std::endian::native == std::endian::little)) {
        return result;
    }
    const auto header = file.read<Elf64_Ehdr>(0, 1);
    read_segments(file, header[0], result);
    read_sections(file, header[0], result);
    return result;
}

std::optional<std::string> shebang(const std::filesystem::path& path) {
    const Source file(path);
    constexpr std::uint64_t kAsFarAsTheKernelLooks = 256;
    const auto start = file.read<char>(0, std::min(file.size(), kAsFarAsTheKernelLooks));
    const std::string_view text(start.data(), start.size());
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
