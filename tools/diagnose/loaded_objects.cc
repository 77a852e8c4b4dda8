// SPDX-License-Identifier: MIT
#include "diagnose/loaded_objects.h"

#include "machine/descriptor.h"
#include "machine/files.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <elf.h>
#include <fcntl.h>
#include <filesystem>
#include <limits>
#include <link.h>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <string_view>

namespace ashlar::diagnose {

namespace {

using Address = std::uint64_t;

// Limits on what another process's memory may make us read.
constexpr std::size_t kMostObjects = 4'096;
constexpr std::size_t kMostEntries = 4'096;
constexpr std::size_t kMostBytes = std::size_t{256} << 20;

struct Mapping {
    Address begin;
    Address end;
    bool is_writable;
    std::string path; // empty for memory without a file
};

// Text of /proc/PID/maps: "begin-end rwxp offset device inode   path".
std::vector<Mapping> parse_mappings(const std::string& text) {
    std::vector<Mapping> mappings;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        std::istringstream fields(line);
        Mapping mapping{};
        char dash = 0;
        std::string permissions;
        std::string skipped;
        fields >> std::hex >> mapping.begin >> dash >> mapping.end >> permissions;
        mapping.is_writable = permissions.find('w') != std::string::npos;
        for (int field = 0; field < 3; ++field) {
            fields >> skipped;
        }
        std::getline(fields >> std::ws, mapping.path);
        if (mapping.path.starts_with('/')) {
            mappings.push_back(std::move(mapping));
        }
    }
    return mappings;
}

// Nothing if there is no file.
const Mapping* mapping_at(const std::vector<Mapping>& mappings, Address address) {
    const auto found = std::find_if(mappings.begin(), mappings.end(), [&](const Mapping& mapping) {
        return address >= mapping.begin && address < mapping.end;
    });
    return found == mappings.end() ? nullptr : &*found;
}

std::string file_at(const std::vector<Mapping>& mappings, Address address) {
    const Mapping* const mapping = mapping_at(mappings, address);
    return mapping == nullptr ? "" : mapping->path;
}

class Memory {
  public:
    explicit Memory(pid_t process)
        : descriptor_(::open(("/proc/" + std::to_string(process) + "/mem").c_str(), O_RDONLY | O_CLOEXEC)) {}

    bool open() const { return descriptor_.open(); }

    // Empty if not all of it can be read.
    template <typename Item>
    std::vector<Item> read(Address address, std::size_t count) const {
        if (count > kMostBytes / sizeof(Item) || address > std::numeric_limits<off_t>::max()) {
            return {};
        }
        std::vector<Item> items(count);
        const auto wanted = static_cast<ssize_t>(count * sizeof(Item));
        const ssize_t length = pread(descriptor_.number(), items.data(), static_cast<std::size_t>(wanted),
                                     static_cast<off_t>(address));
        return length == wanted ? items : std::vector<Item>{};
    }

    template <typename Item>
    std::optional<Item> read(Address address) const {
        const auto items = read<Item>(address, 1);
        return items.empty() ? std::nullopt : std::optional(items.front());
    }

  private:
    machine::Descriptor descriptor_;
};

// The dynamic section of an object: what the loader goes by. It and the tables that it names are read by
// hand: libelf reads files, and slots that the loader has filled are in memory alone.
class Dynamic {
  public:
    Dynamic(const Memory& memory, Address address, Address bias) : bias_(bias) {
        for (std::size_t index = 0; index < kMostEntries; ++index) {
            const auto entry = memory.read<Elf64_Dyn>(address + index * sizeof(Elf64_Dyn));
            if (!entry || entry->d_tag == DT_NULL) {
                return;
            }
            values_.emplace(entry->d_tag, entry->d_un.d_val);
        }
    }

    std::uint64_t value(Elf64_Sxword tag) const {
        const auto found = values_.find(tag);
        return found == values_.end() ? 0 : found->second;
    }
    // The loader turns most of them into addresses in place, but not those of sections it cannot write to.
    Address address(Elf64_Sxword tag) const {
        const std::uint64_t stored = value(tag);
        return stored == 0 ? 0 : stored < bias_ ? stored + bias_ : stored;
    }

  private:
    Address bias_;
    std::map<Elf64_Sxword, std::uint64_t> values_;
};

// Relocations that make a slot hold a symbol's address.
#if defined(__x86_64__)
constexpr std::array<std::uint64_t, 2> kTableSlots{R_X86_64_JUMP_SLOT, R_X86_64_GLOB_DAT};
constexpr std::uint64_t kPointerInData = R_X86_64_64;
#elif defined(__aarch64__)
constexpr std::array<std::uint64_t, 2> kTableSlots{R_AARCH64_JUMP_SLOT, R_AARCH64_GLOB_DAT};
constexpr std::uint64_t kPointerInData = R_AARCH64_ABS64;
#else
constexpr std::array<std::uint64_t, 0> kTableSlots{};
constexpr std::uint64_t kPointerInData = 0;
#endif

// A pointer that the object may write to may have been set to something else since: python's _decimal does.
bool holds_address(const std::vector<Mapping>& mappings, Address slot, std::uint64_t info) {
    const std::uint64_t type = ELF64_R_TYPE(info);
    if (type == kPointerInData) {
        const Mapping* const mapping = mapping_at(mappings, slot);
        return mapping != nullptr && !mapping->is_writable;
    }
    return std::find(kTableSlots.begin(), kTableSlots.end(), type) != kTableSlots.end();
}

constexpr std::array<std::string_view, 4> kFamily{"malloc", "calloc", "realloc", "free"};

// A slot of one object for one function of the family.
struct FamilySlot {
    bool is_defined; // by the object itself
    Address own;     // the address that the object's table of symbols gives the function; 0: none
    Address target;  // what the slot holds now
};

std::vector<FamilySlot> family_slots(const Memory& memory, const std::vector<Mapping>& mappings,
                                     const Dynamic& dynamic, Address bias) {
    std::vector<Elf64_Rela> candidates;
    std::uint64_t last_symbol = 0;
    for (const auto& [table, size] : {std::pair{DT_JMPREL, DT_PLTRELSZ}, std::pair{DT_RELA, DT_RELASZ}}) {
        for (const Elf64_Rela& relocation :
             memory.read<Elf64_Rela>(dynamic.address(table), dynamic.value(size) / sizeof(Elf64_Rela))) {
            if (ELF64_R_SYM(relocation.r_info) != 0) {
                candidates.push_back(relocation);
                last_symbol = std::max<std::uint64_t>(last_symbol, ELF64_R_SYM(relocation.r_info));
            }
        }
    }
    const auto symbols = memory.read<Elf64_Sym>(dynamic.address(DT_SYMTAB), last_symbol + 1);
    const auto texts = memory.read<char>(dynamic.address(DT_STRTAB), dynamic.value(DT_STRSZ));
    std::vector<FamilySlot> found;
    if (symbols.empty()) {
        return found;
    }
    for (const Elf64_Rela& slot : candidates) {
        const Elf64_Sym& symbol = symbols[ELF64_R_SYM(slot.r_info)];
        if (symbol.st_name >= texts.size()) {
            continue;
        }
        const std::string_view rest(texts.data() + symbol.st_name, texts.size() - symbol.st_name);
        const std::string_view name = rest.substr(0, rest.find('\0'));
        if (std::find(kFamily.begin(), kFamily.end(), name) == kFamily.end() ||
            !holds_address(mappings, bias + slot.r_offset, slot.r_info)) {
            continue;
        }
        if (const auto target = memory.read<Address>(bias + slot.r_offset)) {
            found.push_back({.is_defined = symbol.st_shndx != SHN_UNDEF,
                             .own = symbol.st_value == 0 ? 0 : bias + symbol.st_value,
                             .target = *target});
        }
    }
    return found;
}

// The files that addresses in slots belong to.
class Targets {
  public:
    explicit Targets(const std::vector<Mapping>& mappings) : mappings_(mappings) {}

    std::string file(Address address) const { return file_at(mappings_, address); }

    // A program at a fixed address may take the address of a function that it does not define. It gives it
    // one then: a stub of its own that jumps to the function. Its symbol is undefined and has a value all the
    // same, and the slots of all other objects hold the stub. So a stub counts as what the program's own slot
    // leads to.
    void learn_stubs(const std::vector<FamilySlot>& program, const std::string& own_file) {
        for (const FamilySlot& slot : program) {
            if (!slot.is_defined && slot.own != 0) {
                std::string& leads_to = stubs_[slot.own];
                if (const std::string found = file(slot.target); found != own_file) {
                    leads_to = found;
                }
            }
        }
    }

    // Which file the calls go to. A slot may lead into its own object, and not to the function there. Then
    // the loader has not been asked to fill it yet.
    std::string called_by(const std::vector<FamilySlot>& object, const std::string& own_file) const {
        for (const FamilySlot& slot : object) {
            const auto stub = stubs_.find(slot.target);
            std::string found = stub != stubs_.end() ? stub->second : file(slot.target);
            if (!found.empty() && (found != own_file || (slot.is_defined && slot.target == slot.own))) {
                return found;
            }
        }
        return "";
    }

  private:
    const std::vector<Mapping>& mappings_;
    std::map<Address, std::string> stubs_; // empty text: the program has not called it yet
};

// Where the loader has its list of objects: the program's own dynamic section tells.
Address find_link_map(const Memory& memory, const std::string& auxiliary) {
    std::map<std::uint64_t, std::uint64_t> facts;
    for (std::size_t at = 0; at + sizeof(Elf64_auxv_t) <= auxiliary.size(); at += sizeof(Elf64_auxv_t)) {
        Elf64_auxv_t entry{};
        std::memcpy(&entry, auxiliary.data() + at, sizeof entry);
        facts[entry.a_type] = entry.a_un.a_val;
    }
    const auto headers =
        memory.read<Elf64_Phdr>(facts[AT_PHDR], std::min<std::size_t>(facts[AT_PHNUM], kMostEntries));
    const auto segment = [&](std::uint32_t type) {
        return std::find_if(headers.begin(), headers.end(),
                            [&](const Elf64_Phdr& header) { return header.p_type == type; });
    };
    const auto dynamic_segment = segment(PT_DYNAMIC);
    if (dynamic_segment == headers.end()) {
        return 0;
    }
    const auto self = segment(PT_PHDR);
    const Address bias = self == headers.end() ? 0 : facts[AT_PHDR] - self->p_vaddr;
    const Dynamic dynamic(memory, bias + dynamic_segment->p_vaddr, bias);
    const auto debug = memory.read<r_debug>(dynamic.value(DT_DEBUG));
    return debug ? reinterpret_cast<Address>(debug->r_map) : 0;
}

std::vector<LoadedObject> walk_link_map(const Memory& memory, const std::vector<Mapping>& mappings,
                                        Address next) {
    std::vector<LoadedObject> objects;
    Targets targets(mappings);
    std::set<Address> seen; // the list of a process gone wrong may lead back into itself
    while (next != 0 && seen.size() < kMostObjects && seen.insert(next).second) {
        const auto entry = memory.read<link_map>(next);
        if (!entry) {
            break;
        }
        const auto dynamic = reinterpret_cast<Address>(entry->l_ld);
        if (std::string path = file_at(mappings, dynamic); !path.empty()) {
            const auto family =
                family_slots(memory, mappings, Dynamic(memory, dynamic, entry->l_addr), entry->l_addr);
            if (seen.size() == 1) { // the program
                targets.learn_stubs(family, path);
            }
            std::string called = targets.called_by(family, path);
            objects.push_back({.path = std::move(path), .calls_malloc_of = std::move(called)});
        }
        next = reinterpret_cast<Address>(entry->l_next);
    }
    return objects;
}

} // namespace

bool LoadedObjects::contains(const std::string& path) const {
    return std::any_of(objects.begin(), objects.end(),
                       [&](const LoadedObject& object) { return object.path == path; });
}

bool LoadedObjects::are_few() const {
    const auto is_loader = [](const LoadedObject& object) {
        return std::filesystem::path(object.path).filename().string().starts_with("ld-");
    };
    return objects.size() <= 2 && std::any_of(objects.begin(), objects.end(), is_loader);
}

LoadedObjects loaded_objects(pid_t process) {
    const std::string folder = "/proc/" + std::to_string(process);
    const std::vector<Mapping> mappings = parse_mappings(machine::read_file(folder + "/maps").value_or(""));
    LoadedObjects result;
    if (mappings.empty()) {
        return result;
    }
    if (const Memory memory(process); memory.open()) {
        const Address list = find_link_map(memory, machine::read_file(folder + "/auxv").value_or(""));
        result.objects = walk_link_map(memory, mappings, list);
    }
    if (!result.objects.empty()) {
        result.known = LoadedObjects::Known::kBindings;
        return result;
    }
    result.known = LoadedObjects::Known::kFiles;
    for (const Mapping& mapping : mappings) {
        if (!result.contains(mapping.path)) {
            result.objects.push_back({.path = mapping.path, .calls_malloc_of = ""});
        }
    }
    return result;
}

} // namespace ashlar::diagnose
