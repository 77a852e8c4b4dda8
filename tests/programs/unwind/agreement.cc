// SPDX-License-Identifier: MIT
//
// Compares the library's reading of .eh_frame with libdw's, for the given files. Each row of each frame
// description must have the same frame's end, and the same rules for the registers that are followed.
//
// usage: agreement FILE...      a name without a slash is a library's, found where the loader finds it
#include "observe/frame_description.h"
#include "observe/object_bytes.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <dwarf.h>
#include <elfutils/libdw.h>
#include <fcntl.h>
#include <gelf.h>
#include <link.h>
#include <optional>
#include <stdexcept>
#include <string>
#include <sys/mman.h>
#include <unistd.h>
#include <vector>

namespace {

using namespace ashlar::observe;

// ---- A file, mapped as the loader would

class Image {
  public:
    explicit Image(const std::string& path) : descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
        if (descriptor_ < 0) throw std::runtime_error(path + ": cannot be opened");
        ::elf_version(EV_CURRENT);
        elf_ = ::elf_begin(descriptor_, ELF_C_READ_MMAP, nullptr);
        std::size_t count = 0;
        if (elf_ == nullptr || ::elf_getphdrnum(elf_, &count) != 0)
            throw std::runtime_error(path + ": no ELF file");
        map_segments(count);
        if (object_.header == 0) throw std::runtime_error(path + ": no .eh_frame_hdr");
    }

    Image(const Image&) = delete;
    Image& operator=(const Image&) = delete;
    ~Image() {
        ::elf_end(elf_);
        ::munmap(reinterpret_cast<void*>(object_.begin), object_.end - object_.begin);
        ::close(descriptor_);
    }

    Elf* elf() const { return elf_; }
    const DescribedObject& object() const { return object_; }
    std::uintptr_t at(std::uint64_t address) const { return object_.begin + (address - first_); }
    std::uint64_t in_file(std::uintptr_t address) const { return address - object_.begin + first_; }

  private:
    void map_segments(std::size_t count) {
        std::vector<GElf_Phdr> segments(count);
        std::uint64_t last = 0;
        first_ = UINT64_MAX;
        for (std::size_t i = 0; i < count; ++i) {
            ::gelf_getphdr(elf_, static_cast<int>(i), &segments[i]);
            if (segments[i].p_type != PT_LOAD) continue;
            first_ = std::min(first_, segments[i].p_vaddr & ~kInPage);
            last = std::max(last, (segments[i].p_vaddr + segments[i].p_memsz + kInPage) & ~kInPage);
        }
        void* const place = ::mmap(nullptr, last - first_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (place == MAP_FAILED) throw std::runtime_error("no address space");
        object_.begin = reinterpret_cast<std::uintptr_t>(place);
        object_.end = object_.begin + (last - first_);
        for (const GElf_Phdr& segment : segments) {
            if (segment.p_type == PT_GNU_EH_FRAME) object_.header = at(segment.p_vaddr);
            if (segment.p_type != PT_LOAD || segment.p_filesz == 0) continue;
            const std::uint64_t before = segment.p_vaddr & kInPage;
            void* const mapped = ::mmap(reinterpret_cast<void*>(at(segment.p_vaddr - before)),
                                        segment.p_filesz + before, PROT_READ, MAP_PRIVATE | MAP_FIXED,
                                        descriptor_, static_cast<off_t>(segment.p_offset - before));
            if (mapped == MAP_FAILED) throw std::runtime_error("a segment cannot be mapped");
        }
    }

    static constexpr std::uint64_t kInPage = 4095;

    int descriptor_;
    Elf* elf_ = nullptr;
    DescribedObject object_{};
    std::uint64_t first_ = 0;
};

// ---- One text form for both readings

std::string text_of(const char* format, long long a, long long b = 0) {
    char text[96];
    std::snprintf(text, sizeof text, format, a, b);
    return text;
}

// Returns an expression's text: its operations with the operands, as libdw reads them.
std::string text_of(const Dwarf_Op* operations, std::size_t count) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i) {
        text += text_of("%02llx(%llx", operations[i].atom, static_cast<long long>(operations[i].number));
        text += text_of(",%llx) ", static_cast<long long>(operations[i].number2));
    }
    return text;
}

// Returns libdw's rule for the frame's end. libdw gives operations of an expression, also for a register and
// an offset.
std::string end_of(Dwarf_Frame* frame) {
    Dwarf_Op* operations = nullptr;
    std::size_t count = 0;
    if (::dwarf_frame_cfa(frame, &operations, &count) != 0) return "error";
    if (count == 1 && operations[0].atom == DW_OP_bregx) {
        return text_of("r%lld%+lld", static_cast<long long>(operations[0].number),
                       static_cast<long long>(operations[0].number2));
    }
    return text_of(operations, count);
}

std::string register_of(Dwarf_Frame* frame, unsigned number) {
    Dwarf_Op memory[3];
    Dwarf_Op* operations = nullptr;
    std::size_t count = 0;
    if (::dwarf_frame_register(frame, static_cast<int>(number), memory, &operations, &count) != 0)
        return "error";
    if (count == 0) return operations == nullptr ? "same" : "undefined";
    // relative to the frame's end
    const bool value = operations[count - 1].atom == DW_OP_stack_value;
    if (value) --count;
    if (count == 1 && operations[0].atom == DW_OP_call_frame_cfa) return value ? "=c+0" : "c+0";
    if (count == 2 && operations[0].atom == DW_OP_call_frame_cfa && operations[1].atom == DW_OP_plus_uconst) {
        return text_of(value ? "=c%+lld" : "c%+lld", static_cast<long long>(operations[1].number));
    }
    if (count == 1 && operations[0].atom == DW_OP_regx)
        return text_of("r%lld", static_cast<long long>(operations[0].number));
    return (value ? "=" : "") + text_of(operations, count);
}

// The library's own reading, in the same form.
class OwnReading {
  public:
    explicit OwnReading(const Image& image) : image_(image) {}

    std::string end_of(const FrameDescription& description) const {
        const FrameEnd& end = description.row.end;
        if (end.is_expression()) return expression(end.value.value(), false);
        return text_of("r%lld%+lld", end.number, static_cast<long long>(end.value.value()));
    }

    std::string register_of(const FrameDescription& description, unsigned column) const {
        const RegisterRule& rule = description.row.registers[column];
        const long long value = rule.value();
        switch (rule.place()) {
        case Place::kSame:
            return "same";
        case Place::kUndefined:
            return "undefined";
        case Place::kAtOffset:
            return text_of("c%+lld", value);
        case Place::kOffset:
            return text_of("=c%+lld", value);
        case Place::kRegister:
            return text_of("r%lld", value);
        case Place::kAtExpression:
            return expression(value, true);
        case Place::kExpression:
            return "=" + expression(value, true);
        }
        return "?";
    }

  private:
    std::string expression(long long from_header, bool with_end) const {
        const DescribedObject& object = image_.object();
        ObjectBytes bytes(object);
        bytes.go_to(object.header + static_cast<std::uint64_t>(from_header));
        const std::uint64_t length = bytes.take_unsigned();
        std::string text = with_end ? text_of("%02llx(0,", DW_OP_call_frame_cfa) + "0) " : "";
        return text + operations(bytes, bytes.at() + length);
    }

    // Writes the few operations that occur. Any other operation gives a different text from libdw's, and is
    // reported.
    static std::string operations(ObjectBytes& bytes, std::uintptr_t end) {
        std::string text;
        while (bytes.at() < end) {
            const auto atom = bytes.take<std::uint8_t>();
            long long number = 0;
            if (atom >= DW_OP_breg0 && atom <= DW_OP_breg31) number = bytes.take_signed();
            if (atom == DW_OP_const1u || atom == DW_OP_const1s) number = bytes.take<std::uint8_t>();
            if (atom == DW_OP_plus_uconst) number = static_cast<long long>(bytes.take_unsigned());
            text += text_of("%02llx(%llx", atom, number) + ",0) ";
        }
        return text;
    }

    const Image& image_;
};

// ---- The comparison

struct Tally {
    std::uint64_t functions = 0;
    std::uint64_t rows = 0;
    std::uint64_t differences = 0;
};

void report(Tally& tally, std::uint64_t address, const char* what, const std::string& own,
            const std::string& libdw) {
    constexpr std::uint64_t kMostShown = 20;
    if (++tally.differences > kMostShown) return;
    std::printf("  at %#llx, %s: own \"%s\", libdw \"%s\"\n", static_cast<unsigned long long>(address), what,
                own.c_str(), libdw.c_str());
}

// Returns whether the description has no rule for a register. libdw then gives the ABI's rule or none.
bool silent(unsigned number, const std::string& own, const std::string& libdw) {
    return own == "same" && libdw == (number == kRsp ? "=c+0" : "undefined") && number != kReturnAddress;
}

// Compares the row around the address. Returns the end of the row.
std::uint64_t compare_row(const Image& image, const OwnReading& reading, Dwarf_CFI* cfi,
                          std::uint64_t address, Tally& tally) {
    ++tally.rows;
    Dwarf_Frame* frame = nullptr;
    const bool found = ::dwarf_cfi_addrframe(cfi, address, &frame) == 0;
    FrameDescription own{};
    const bool own_found = describe(image.object(), image.at(address), own) == Found::kDescription;
    if (found != own_found)
        report(tally, address, "description", own_found ? "found" : "none", found ? "found" : "none");
    if (!found || !own_found) {
        std::free(frame);
        return address + 1;
    }
    Dwarf_Addr begin = 0;
    Dwarf_Addr end = 0;
    bool signal = false;
    const int return_address = ::dwarf_frame_info(frame, &begin, &end, &signal);
    if (return_address != static_cast<int>(kReturnAddress)) report(tally, address, "column", "16", "other");
    // After DW_CFA_restore_state libdw starts the row where the remembered row started.
    const std::uint64_t own_begin = image.in_file(own.row_begin);
    if (own_begin < begin || own_begin > address || image.in_file(own.row_end) != end) {
        report(tally, address, "row",
               text_of("%llx-%llx", static_cast<long long>(image.in_file(own.row_begin)),
                       static_cast<long long>(image.in_file(own.row_end))),
               text_of("%llx-%llx", static_cast<long long>(begin), static_cast<long long>(end)));
    }
    if (own.signal_frame != signal)
        report(tally, address, "signal frame", own.signal_frame ? "1" : "0", signal ? "1" : "0");
    const std::string own_end = reading.end_of(own);
    const std::string end_text = end_of(frame);
    if (own_end != end_text) report(tally, address, "end", own_end, end_text);
    for (unsigned i = 0; i < kFollowed; ++i) {
        const unsigned number = kFollowedNumbers[i];
        std::string own_text = reading.register_of(own, i);
        std::string text = register_of(frame, number);
        if (own_text != text && !silent(number, own_text, text))
            report(tally, address, text_of("register %lld", number).c_str(), own_text, text);
    }
    std::free(frame);
    return end > address ? end : address + 1;
}

void compare_section(const Image& image, Elf_Data* data, std::uint64_t section, Dwarf_CFI* cfi,
                     Tally& tally) {
    const OwnReading reading(image);
    std::size_t size = 0;
    const char* header = ::elf_getident(image.elf(), &size);
    const auto* identity = reinterpret_cast<const unsigned char*>(header);
    Dwarf_Off next = 0;
    for (Dwarf_Off offset = 0;; offset = next) {
        Dwarf_CFI_Entry entry;
        const int result = ::dwarf_next_cfi(identity, data, true, offset, &next, &entry);
        if (result > 0 || next == static_cast<Dwarf_Off>(-1)) break;
        if (result < 0) continue;
        if (dwarf_cfi_cie_p(&entry)) continue;
        // The description's addresses follow its pointer to the common part: 32 bits each, relative, as
        // x86-64 linkers write them.
        std::int32_t relative = 0;
        std::uint32_t length = 0;
        std::memcpy(&relative, entry.fde.start, sizeof relative);
        std::memcpy(&length, entry.fde.start + sizeof relative, sizeof length);
        const auto place =
            static_cast<std::uint64_t>(entry.fde.start - static_cast<const std::uint8_t*>(data->d_buf));
        const std::uint64_t begin = section + place + static_cast<std::uint64_t>(std::int64_t{relative});
        ++tally.functions;
        for (std::uint64_t address = begin; address < begin + length;)
            address = compare_row(image, reading, cfi, address, tally);
    }
}

Tally compare(const std::string& path) {
    Tally tally;
    const Image image(path);
    Dwarf_CFI* const cfi = ::dwarf_getcfi_elf(image.elf());
    if (cfi == nullptr) throw std::runtime_error(path + ": libdw finds no frame descriptions");
    std::size_t names = 0;
    ::elf_getshdrstrndx(image.elf(), &names);
    for (Elf_Scn* section = ::elf_nextscn(image.elf(), nullptr); section != nullptr;
         section = ::elf_nextscn(image.elf(), section)) {
        GElf_Shdr header;
        ::gelf_getshdr(section, &header);
        const char* const name = ::elf_strptr(image.elf(), names, header.sh_name);
        if (name == nullptr || std::strcmp(name, ".eh_frame") != 0) continue;
        compare_section(image, ::elf_getdata(section, nullptr), header.sh_addr, cfi, tally);
    }
    ::dwarf_cfi_end(cfi);
    return tally;
}

std::string path_of(const std::string& name) {
    if (name.find('/') != std::string::npos) return name;
    void* const handle = ::dlopen(name.c_str(), RTLD_LAZY);
    link_map* map = nullptr;
    if (handle == nullptr || ::dlinfo(handle, RTLD_DI_LINKMAP, &map) != 0)
        throw std::runtime_error(::dlerror());
    return map->l_name;
}

} // namespace

int main(int count, char** values) try {
    bool agreed = count > 1;
    for (int i = 1; i < count; ++i) {
        const std::string path = path_of(values[i]);
        const Tally tally = compare(path);
        std::printf("%s: %llu functions, %llu rows, %llu differences\n", path.c_str(),
                    static_cast<unsigned long long>(tally.functions),
                    static_cast<unsigned long long>(tally.rows),
                    static_cast<unsigned long long>(tally.differences));
        agreed = agreed && tally.rows != 0 && tally.differences == 0;
    }
    return agreed ? 0 : 1;
} catch (const std::exception& error) {
    std::fprintf(stderr, "agreement: %s\n", error.what());
    return 2;
}
