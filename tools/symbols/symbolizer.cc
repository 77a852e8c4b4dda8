// SPDX-License-Identifier: MIT
#include "symbols/symbolizer.h"

#include "machine/elf_file.h"
#include "symbols/demangle.h"
#include "symbols/function_entry.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <dwarf.h>
#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>
#include <filesystem>
#include <fmt/format.h>
#include <gelf.h>
#include <optional>

namespace ashlar::symbols {

namespace {

constexpr const char* kDeleted = " (deleted)"; // suffix that the kernel adds to the path of a removed file

const Dwfl_Callbacks kCallbacks{.find_elf = dwfl_build_id_find_elf,
                                .find_debuginfo = dwfl_standard_find_debuginfo,
                                .section_address = dwfl_offline_section_address,
                                .debuginfo_path = nullptr};

} // namespace

class ObjectFile {
  public:
    explicit ObjectFile(const Object& object) : object_(object), path_(object.root + object.path) {
        session_ = dwfl_begin(&kCallbacks);
        if (session_ == nullptr) {
            return;
        }
        const bool right = is_the_one_that_was_loaded();
        dwfl_report_begin(session_);
        module_ = right ? dwfl_report_elf(session_, "object", path_.c_str(), -1, 0, true) : by_build_id();
        dwfl_report_end(session_, nullptr, nullptr);
        GElf_Addr bias = 0;
        Elf* const elf = module_ == nullptr ? nullptr : dwfl_module_getelf(module_, &bias);
        if (elf == nullptr) {
            module_ = nullptr;
            return;
        }
        bias_ = bias;
        trouble_.clear(); // a copy was found
        read_segments(elf);
    }
    ~ObjectFile() {
        if (session_ != nullptr) {
            dwfl_end(session_);
        }
    }
    ObjectFile(const ObjectFile&) = delete;
    ObjectFile& operator=(const ObjectFile&) = delete;

    std::vector<Location> look_up(std::uint64_t offset) {
        const auto address = address_of(offset);
        if (!address) {
            return {};
        }
        std::vector<Location> found = by_debug_information(*address);
        const std::string symbol = symbol_at(*address);
        if (found.empty() && !symbol.empty()) {
            found.push_back({.function = symbol});
        }
        if (!found.empty() && found.back().function.empty()) {
            found.back().function = symbol;
        }
        std::erase_if(found, [](const Location& each) { return each.function.empty(); });
        unnamed_ += found.empty() ? 1 : 0;
        return found;
    }

    std::string variable(std::uint64_t offset, std::uint64_t distance) const {
        const auto address = address_of(offset);
        if (!address) {
            return {};
        }
        GElf_Off inside = 0;
        GElf_Sym symbol;
        const char* const name =
            dwfl_module_addrinfo(module_, *address + distance, &inside, &symbol, nullptr, nullptr, nullptr);
        const bool is_there =
            name != nullptr && GELF_ST_TYPE(symbol.st_info) == STT_OBJECT && inside < symbol.st_size;
        if (!is_there) {
            return {};
        }
        return inside == 0 ? demangled(name) : fmt::format("{}+{}", demangled(name), inside);
    }

    std::string note() const {
        const std::string name = std::filesystem::path(object_.path).filename().string();
        if (!trouble_.empty()) {
            return trouble_;
        }
        return unnamed_ == 0
                   ? ""
                   : fmt::format("{}: functions without names; install its debug symbols (Debian: package "
                                 "-dbgsym) or set DEBUGINFOD_URLS",
                                 name);
    }

  private:
    struct Segment {
        std::uint64_t offset;
        std::uint64_t size;
        std::uint64_t address;
    };
    struct UnitRange {
        Dwarf_Addr begin;
        Dwarf_Addr end;
        Dwarf_Die unit;
    };

    bool is_the_one_that_was_loaded() {
        if (object_.path.empty() || object_.path.front() == '[') {
            return false; // an anonymous mapping or kernel code ([vdso]) has no file
        }
        if (object_.path.ends_with(kDeleted)) {
            trouble_ = fmt::format(
                "{}: was replaced or removed while the program ran, so its functions have no names",
                object_.path.substr(0, object_.path.size() - std::strlen(kDeleted)));
            return false;
        }
        std::error_code error;
        if (!std::filesystem::is_regular_file(path_, error)) {
            trouble_ = fmt::format(
                "{}: is not on this machine, so its functions have no names; set DEBUGINFOD_URLS, "
                "or read the profile where it was recorded",
                object_.path);
            return false;
        }
        if (!object_.build_id.empty() && machine::build_id(path_) != object_.build_id) {
            trouble_ = fmt::format(
                "{}: is not the file that was profiled (another build id: it was upgraded or built "
                "anew), so its functions have no names; profile again",
                object_.path);
            return false;
        }
        return true;
    }

    // Looks for a copy with the right build id among the system's debug files and at debuginfod.
    Dwfl_Module* by_build_id() {
        if (object_.build_id.empty()) {
            return nullptr;
        }
        constexpr GElf_Addr kHighest = GElf_Addr{1} << 46; // end of a range that libdw uses only here
        Dwfl_Module* const module = dwfl_report_module(session_, "object", 0, kHighest);
        if (module != nullptr) {
            dwfl_module_report_build_id(module,
                                        reinterpret_cast<const unsigned char*>(object_.build_id.data()),
                                        object_.build_id.size(), 0);
        }
        return module;
    }

    void read_segments(Elf* elf) {
        std::size_t count = 0;
        if (elf_getphdrnum(elf, &count) != 0) {
            return;
        }
        for (std::size_t index = 0; index < count; ++index) {
            GElf_Phdr segment;
            if (gelf_getphdr(elf, static_cast<int>(index), &segment) != nullptr &&
                segment.p_type == PT_LOAD) {
                segments_.push_back(
                    {.offset = segment.p_offset, .size = segment.p_filesz, .address = segment.p_vaddr});
            }
        }
    }

    std::optional<Dwarf_Addr> address_of(std::uint64_t offset) const {
        for (const Segment& segment : segments_) {
            if (offset >= segment.offset && offset - segment.offset < segment.size) {
                return offset - segment.offset + segment.address + bias_;
            }
        }
        return std::nullopt;
    }

    std::string symbol_at(Dwarf_Addr address) const {
        GElf_Off offset = 0;
        GElf_Sym symbol;
        const char* const name =
            dwfl_module_addrinfo(module_, address, &offset, &symbol, nullptr, nullptr, nullptr);
        // Reject the nearest symbol before if it ends before the address.
        return name == nullptr || (symbol.st_size != 0 && offset >= symbol.st_size) ? "" : demangled(name);
    }

    std::vector<Location> by_debug_information(Dwarf_Addr address) {
        Dwarf_Addr bias = 0;
        Dwarf_Die* const unit = unit_at(address, &bias);
        if (unit == nullptr) {
            return {};
        }
        const Dwarf_Addr place = address - bias;
        std::string file;
        int line = 0;
        if (Dwarf_Line* const source = dwarf_getsrc_die(unit, place); source != nullptr) {
            const char* const name = dwarf_linesrc(source, nullptr, nullptr);
            file = name == nullptr ? "" : name;
            dwarf_lineno(source, &line);
        }
        return enclosing_functions(unit, place, file, static_cast<unsigned>(std::max(line, 0)));
    }

    static std::vector<Location> enclosing_functions(Dwarf_Die* unit, Dwarf_Addr place, std::string file,
                                                     unsigned line) {
        Dwarf_Die* innermost = nullptr;
        if (dwarf_getscopes(unit, place, &innermost) <= 0) {
            return {};
        }
        Dwarf_Die* scopes = nullptr;
        const int count = dwarf_getscopes_die(innermost, &scopes); // along the code, not the declarations
        Dwarf_Files* files = nullptr;
        dwarf_getsrcfiles(unit, &files, nullptr);
        std::vector<Location> found;
        for (int index = 0; index < count; ++index) {
            Dwarf_Die* const scope = &scopes[index];
            const int tag = dwarf_tag(scope);
            if (tag != DW_TAG_subprogram && tag != DW_TAG_inlined_subroutine) {
                continue;
            }
            const bool inlined = tag == DW_TAG_inlined_subroutine;
            found.push_back({.function = function_name(scope),
                             .file = std::move(file),
                             .line = line,
                             .inlined = inlined});
            if (!inlined) {
                break; // a function may be nested in another one in the source, which is not its caller
            }
            const char* const caller =
                files == nullptr ? nullptr
                                 : dwarf_filesrc(files, number_of(scope, DW_AT_call_file), nullptr, nullptr);
            file = caller == nullptr ? "" : caller;
            line = number_of(scope, DW_AT_call_line);
        }
        std::free(scopes);    // NOLINT(cppcoreguidelines-no-malloc): libdw's
        std::free(innermost); // NOLINT(cppcoreguidelines-no-malloc): libdw's
        return found;
    }

    // Returns the compilation unit. Searches the ranges of all units if libdw finds none: libdw needs
    // .debug_aranges, which clang and rustc leave out.
    Dwarf_Die* unit_at(Dwarf_Addr address, Dwarf_Addr* bias) {
        if (Dwarf_Die* const unit = dwfl_module_addrdie(module_, address, bias); unit != nullptr) {
            return unit;
        }
        if (!units_are_read_) {
            read_units();
        }
        *bias = units_bias_;
        const Dwarf_Addr place = address - units_bias_;
        const auto next =
            std::upper_bound(units_.begin(), units_.end(), place,
                             [](Dwarf_Addr value, const UnitRange& range) { return value < range.begin; });
        if (next == units_.begin() || place >= std::prev(next)->end) {
            return nullptr;
        }
        return &std::prev(next)->unit;
    }

    void read_units() {
        units_are_read_ = true;
        Dwarf_Die* unit = nullptr;
        Dwarf_Addr bias = 0;
        while ((unit = dwfl_module_nextcu(module_, unit, &bias)) != nullptr) {
            units_bias_ = bias;
            Dwarf_Addr base = 0;
            Dwarf_Addr begin = 0;
            Dwarf_Addr end = 0;
            for (std::ptrdiff_t next = 0; (next = dwarf_ranges(unit, next, &base, &begin, &end)) > 0;) {
                units_.push_back({.begin = begin, .end = end, .unit = *unit});
            }
        }
        std::sort(units_.begin(), units_.end(),
                  [](const UnitRange& one, const UnitRange& other) { return one.begin < other.begin; });
    }

    Object object_;
    std::string path_;
    Dwfl* session_ = nullptr;
    Dwfl_Module* module_ = nullptr;
    Dwarf_Addr bias_ = 0;
    std::vector<Segment> segments_;
    std::vector<UnitRange> units_;
    Dwarf_Addr units_bias_ = 0;
    bool units_are_read_ = false;
    std::size_t unnamed_ = 0;
    std::string trouble_;
};

Symbolizer::Symbolizer() {
    elf_version(EV_CURRENT);
}

Symbolizer::~Symbolizer() = default;

ObjectFile& Symbolizer::open(const Object& object) {
    std::unique_ptr<ObjectFile>& file = objects_[object];
    if (!file) {
        file = std::make_unique<ObjectFile>(object);
    }
    return *file;
}

const std::vector<Location>& Symbolizer::look_up(const Object& object, std::uint64_t offset) {
    const auto [place, is_new] = known_.try_emplace({object, offset});
    if (is_new) {
        place->second = open(object).look_up(offset);
    }
    return place->second;
}

std::string Symbolizer::variable(const Object& object, std::uint64_t offset, std::uint64_t distance) {
    return open(object).variable(offset, distance);
}

std::vector<std::string> Symbolizer::notes() const {
    std::vector<std::string> all;
    for (const auto& [object, file] : objects_) {
        std::string note = file->note();
        if (!note.empty()) {
            all.push_back(std::move(note));
        }
    }
    return all;
}

} // namespace ashlar::symbols
