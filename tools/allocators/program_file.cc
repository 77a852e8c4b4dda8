// SPDX-License-Identifier: MIT
#include "allocators/program_file.h"

#include "machine/files.h"

#include <cstring>
#include <elf.h>
#include <string>
#include <string_view>
#include <vector>

namespace ashlar::allocators {

namespace {

// The file's bytes, of which nothing is believed before it is known to lie within.
class Image {
  public:
    explicit Image(std::string bytes) : bytes_(std::move(bytes)) {}

    // `count` structures from `offset` on, as far as they are there.
    template <typename Structure>
    std::vector<Structure> read(std::uint64_t offset, std::uint64_t count) const {
        const std::uint64_t room = offset < bytes_.size() ? (bytes_.size() - offset) / sizeof(Structure) : 0;
        std::vector<Structure> result(std::min(count, room));
        if (!result.empty()) {
            std::memcpy(result.data(), bytes_.data() + offset, result.size() * sizeof(Structure));
        }
        return result;
    }

    std::string_view text(std::uint64_t offset) const {
        const std::string_view rest =
            offset < bytes_.size() ? std::string_view(bytes_).substr(offset) : std::string_view();
        return rest.substr(0, rest.find('\0'));
    }

  private:
    std::string bytes_;
};

bool has_malloc(const Image& image, const Elf64_Shdr& symbols, const Elf64_Shdr& names) {
    for (const auto& symbol : image.read<Elf64_Sym>(symbols.sh_offset, symbols.sh_size / sizeof(Elf64_Sym))) {
        if (symbol.st_shndx != SHN_UNDEF && image.text(names.sh_offset + symbol.st_name) == "malloc") {
            return true;
        }
    }
    return false;
}

} // namespace

ProgramFile look_at_program(const std::filesystem::path& path) {
    const Image image(machine::read_file(path).value_or(""));
    const auto headers = image.read<Elf64_Ehdr>(0, 1);
    if (headers.empty() || std::memcmp(headers.front().e_ident, ELFMAG, SELFMAG) != 0 ||
        headers.front().e_ident[EI_CLASS] != ELFCLASS64) {
        return {};
    }
    const Elf64_Ehdr& header = headers.front();
    ProgramFile result{.is_static = true, .defines_malloc = false};
    for (const auto& segment : image.read<Elf64_Phdr>(header.e_phoff, header.e_phnum)) {
        result.is_static &= segment.p_type != PT_INTERP;
    }
    const auto sections = image.read<Elf64_Shdr>(header.e_shoff, header.e_shnum);
    for (const Elf64_Shdr& section : sections) {
        if (section.sh_type == SHT_DYNSYM && section.sh_link < sections.size()) {
            result.defines_malloc |= has_malloc(image, section, sections[section.sh_link]);
        }
    }
    return result;
}

} // namespace ashlar::allocators
