// SPDX-License-Identifier: MIT
#include "observe/frame_description.h"

#include "observe/object_bytes.h"

#include <algorithm>

namespace ashlar::observe {

namespace {

// ---- The search table -------------------------------------------------------------------------------------

constexpr std::uint8_t kTableEncoding = 0x3B; // signed 32 bits, relative to the header
constexpr std::uint8_t kOmitted = 0xFF;
constexpr std::size_t kEntrySize = 8; // a function's address, its description's address

struct Table {
    std::uintptr_t entries;
    std::uint64_t count;
};

// The addresses of a function and of its description.
struct Entry {
    std::uintptr_t function;
    std::uintptr_t description;
};

Entry take_entry(ObjectBytes& bytes, std::uintptr_t header) {
    Entry entry{};
    entry.function = bytes.take_encoded(kTableEncoding, header);
    entry.description = bytes.take_encoded(kTableEncoding, header);
    return entry;
}

bool find_table(ObjectBytes& bytes, std::uintptr_t header, Table& table) {
    bytes.go_to(header);
    const auto version = bytes.take<std::uint8_t>();
    const auto frames_encoding = bytes.take<std::uint8_t>();
    const auto count_encoding = bytes.take<std::uint8_t>();
    const auto table_encoding = bytes.take<std::uint8_t>();
    if (version != 1 || frames_encoding == kOmitted || table_encoding != kTableEncoding) return false;
    bytes.take_encoded(frames_encoding, header);
    table.count = bytes.take_encoded(count_encoding, header, true);
    table.entries = bytes.at();
    return !bytes.failed() && table.count <= (bytes.end() - bytes.at()) / kEntrySize;
}

// Returns the description of the last function that begins at or before `address`, or 0. Reads pieces of the
// table, each with one copy by the kernel. The first piece is where the address would be if functions were
// equally long. The next is in the middle of the rest, and so on in turn.
std::uintptr_t search(ObjectBytes& bytes, const Table& table, std::uintptr_t header, std::uintptr_t address) {
    constexpr std::uint64_t kTogether = 12;
    std::uint64_t first = 0; // the entry is in [first, last), if anywhere
    std::uint64_t last = table.count;
    std::uintptr_t found = 0;
    bytes.go_to(table.entries);
    std::uintptr_t low = table.count != 0 ? take_entry(bytes, header).function : 0;
    std::uintptr_t high =
        header > low ? header : bytes.end(); // the code lies before or behind its descriptions
    for (bool even = true; first < last; even = !even) {
        const std::uint64_t left = last - first;
        std::uint64_t guess = left / 2;
        if (even && low < address && address < high) {
            const auto share = static_cast<double>(address - low) / static_cast<double>(high - low);
            guess = static_cast<std::uint64_t>(share * static_cast<double>(left));
        }
        guess = std::min(first + guess, last - 1);
        const std::uint64_t from = guess - std::min(guess - first, kTogether / 2);
        const std::uint64_t to = std::min(last, from + kTogether);
        bytes.go_to(table.entries + from * kEntrySize);
        for (std::uint64_t i = from; i < to; ++i) {
            const Entry entry = take_entry(bytes, header);
            if (bytes.failed()) return 0;
            if (entry.function > address) {
                if (i > from) return found;
                last = from;
                high = entry.function;
                break;
            }
            found = entry.description;
            low = entry.function;
            first = i + 1;
        }
    }
    return found;
}

// ---- The common part --------------------------------------------------------------------------------------

struct CommonPart {
    std::uint64_t code_unit = 0;
    std::int64_t data_unit = 0;
    std::uint8_t encoding = 0; // encoding of addresses in descriptions
    bool augmented = false;    // descriptions give the length of the data behind their addresses
    bool signal_frame = false;
    std::uintptr_t program = 0;
    std::uintptr_t end = 0;
};

struct Section {
    std::uintptr_t begin; // after the length
    std::uintptr_t end;
};

bool take_length(ObjectBytes& bytes, Section& section) {
    const auto length = bytes.take<std::uint32_t>();
    section.begin = bytes.at();
    if (bytes.failed() || length == 0 || length == ~std::uint32_t{0} || length > bytes.end() - bytes.at()) {
        return false;
    }
    section.end = section.begin + length;
    return true;
}

// Reads the values that the letters of the augmentation announce. Returns false if a letter is unknown.
bool read_augmentation(ObjectBytes& bytes, const std::array<char, 8>& letters, CommonPart& common) {
    if (letters[0] == 0) return true;
    if (letters[0] != 'z') return false;
    common.augmented = true;
    const std::uint64_t length = bytes.take_unsigned();
    if (length > bytes.end() - bytes.at()) return false;
    const std::uintptr_t after = bytes.at() + length;
    for (std::size_t i = 1; i < letters.size() && letters[i] != 0; ++i) {
        switch (letters[i]) {
        case 'R':
            common.encoding = bytes.take<std::uint8_t>();
            break;
        case 'L':
            bytes.skip(1);
            break;
        case 'P': {
            const auto encoding = bytes.take<std::uint8_t>();
            bytes.take_encoded(encoding, 0, true); // the function for exceptions
            break;
        }
        case 'S':
            common.signal_frame = true;
            break;
        default:
            return false;
        }
    }
    bytes.go_to(after);
    return true;
}

bool read_common_part(ObjectBytes& bytes, std::uintptr_t address, CommonPart& common) {
    bytes.go_to(address);
    Section section{};
    if (!take_length(bytes, section)) return false;
    if (bytes.take<std::uint32_t>() != 0) return false; // a description, not a common part
    const auto version = bytes.take<std::uint8_t>();
    if (version != 1 && version != 3) return false;
    std::array<char, 8> letters{};
    std::size_t count = 0;
    for (char letter = bytes.take<char>(); letter != 0; letter = bytes.take<char>()) {
        if (count + 1 == letters.size()) return false;
        letters[count++] = letter;
    }
    common.code_unit = bytes.take_unsigned();
    common.data_unit = bytes.take_signed();
    const std::uint64_t return_address = version == 1 ? bytes.take<std::uint8_t>() : bytes.take_unsigned();
    if (return_address != kReturnAddress || !read_augmentation(bytes, letters, common)) return false;
    common.program = bytes.at();
    common.end = section.end;
    return !bytes.failed() && common.program <= common.end;
}

// ---- The program ------------------------------------------------------------------------------------------

// The instructions, named as in the standard without DW_CFA_. The first three have a low six-bit operand.
enum Instruction : std::uint8_t {
    kAdvanceLoc = 0x40,
    kOffset = 0x80,
    kRestore = 0xC0,
    kNop = 0x00,
    kSetLoc,
    kAdvanceLoc1,
    kAdvanceLoc2,
    kAdvanceLoc4,
    kOffsetExtended,
    kRestoreExtended,
    kUndefined,
    kSameValue,
    kRegister,
    kRememberState,
    kRestoreState,
    kDefCfa,
    kDefCfaRegister,
    kDefCfaOffset,
    kDefCfaExpression,
    kExpression,
    kOffsetExtendedSf,
    kDefCfaSf,
    kDefCfaOffsetSf,
    kValOffset,
    kValOffsetSf,
    kValExpression,
    kGnuArgsSize = 0x2E,
    kGnuNegativeOffsetExtended = 0x2F,
};
static_assert(kValExpression == 0x16);

class Program {
  public:
    Program(ObjectBytes& bytes, const CommonPart& common, std::uintptr_t header,
            FrameDescription& description)
        : bytes_(bytes), common_(common), header_(header), description_(description), row_(description.row) {}

    // Runs the common part, which gives the rules at the function's start. It has no more rows.
    bool run_common() {
        bytes_.go_to(common_.program);
        while (bytes_.at() < common_.end && !failed_) {
            perform(bytes_.take<std::uint8_t>());
            if (bytes_.failed() || advanced_) return false;
        }
        initial_ = row_;
        return !failed_;
    }

    // Runs until the row for `address`.
    bool run(std::uintptr_t program, std::uintptr_t end, std::uintptr_t address) {
        bytes_.go_to(program);
        while (bytes_.at() < end && !failed_) {
            perform(bytes_.take<std::uint8_t>());
            if (bytes_.failed()) return false;
            if (!advanced_) continue;
            advanced_ = false;
            if (next_ > address) {
                description_.row_end = std::min(next_, description_.row_end);
                return true;
            }
            if (next_ < description_.row_begin) return false;
            description_.row_begin = next_;
        }
        return !failed_;
    }

  private:
    // Compilers nest remembered rows once.
    static constexpr unsigned kMostRemembered = 2;

    void fail() { failed_ = true; }

    void advance(std::uint64_t units) { advance_to(description_.row_begin + units * common_.code_unit); }
    void advance_to(std::uintptr_t address) {
        next_ = address;
        advanced_ = true;
    }

    // Returns the register's column. Registers that are not followed (vectors, say) have rules, too.
    static std::uint8_t column(std::uint64_t number) {
        return number < kRegisters ? kColumns[number] : kNotFollowed;
    }

    void set(std::uint64_t number, Place place, std::int64_t value) {
        if (!RegisterRule::fits(value)) return fail();
        if (column(number) != kNotFollowed) row_.registers[column(number)] = RegisterRule(place, value);
    }
    void set_offset(std::uint64_t number, Place place, std::int64_t units) {
        std::int64_t value = 0;
        if (__builtin_mul_overflow(units, common_.data_unit, &value)) return fail();
        set(number, place, value);
    }

    std::int64_t skip_expression() {
        const auto place = static_cast<std::int64_t>(bytes_.at() - header_);
        const std::uint64_t length = bytes_.take_unsigned();
        if (length > bytes_.end() - bytes_.at()) fail();
        bytes_.skip(length);
        return place;
    }

    void set_end(std::uint64_t number, std::int64_t value) {
        if (number > kRegisters || !RegisterRule::fits(value)) return fail();
        row_.end.number = static_cast<std::uint32_t>(number);
        row_.end.value = RegisterRule(Place::kSame, value);
    }
    void set_end_register(std::uint64_t number) {
        if (row_.end.number >= kRegisters) return fail();
        set_end(number < kRegisters ? number : kRegisters + 1, row_.end.value.value());
    }
    void set_end_offset(std::int64_t value) {
        if (row_.end.number >= kRegisters) return fail();
        set_end(row_.end.number, value);
    }
    std::int64_t in_data_units(std::int64_t units) {
        std::int64_t value = 0;
        if (__builtin_mul_overflow(units, common_.data_unit, &value)) fail();
        return value;
    }

    void restore(std::uint64_t number) {
        const std::uint8_t i = column(number);
        if (i != kNotFollowed) row_.registers[i] = initial_.registers[i];
    }

    void perform(std::uint8_t instruction) {
        const std::uint8_t operand = instruction & 0x3FU;
        switch (instruction & 0xC0U) {
        case kAdvanceLoc:
            return advance(operand);
        case kOffset:
            return set_offset(operand, Place::kAtOffset, take_unsigned());
        case kRestore:
            return restore(operand);
        default:
            break;
        }
        if (instruction <= kAdvanceLoc4) return move(instruction);
        if (instruction >= kDefCfa && instruction <= kDefCfaExpression) return define_end(instruction);
        if (instruction == kDefCfaSf || instruction == kDefCfaOffsetSf) return define_end(instruction);
        if (instruction == kGnuArgsSize) {
            bytes_.take_unsigned();
            return;
        }
        if (instruction == kRememberState) {
            if (remembered_count_ == kMostRemembered) return fail();
            remembered_[remembered_count_++] = row_;
            return;
        }
        if (instruction == kRestoreState) {
            if (remembered_count_ == 0) return fail();
            row_ = remembered_[--remembered_count_];
            return;
        }
        define_register(instruction);
    }

    std::int64_t take_unsigned() { return static_cast<std::int64_t>(bytes_.take_unsigned()); }

    void move(std::uint8_t instruction) {
        switch (instruction) {
        case kSetLoc:
            return advance_to(bytes_.take_encoded(common_.encoding, header_));
        case kAdvanceLoc1:
            return advance(bytes_.take<std::uint8_t>());
        case kAdvanceLoc2:
            return advance(bytes_.take<std::uint16_t>());
        case kAdvanceLoc4:
            return advance(bytes_.take<std::uint32_t>());
        default:
            return; // kNop
        }
    }

    void define_end(std::uint8_t instruction) {
        switch (instruction) {
        case kDefCfa: {
            const std::uint64_t number = bytes_.take_unsigned();
            return set_end(number < kRegisters ? number : kRegisters + 1, take_unsigned());
        }
        case kDefCfaSf: {
            const std::uint64_t number = bytes_.take_unsigned();
            return set_end(number < kRegisters ? number : kRegisters + 1,
                           in_data_units(bytes_.take_signed()));
        }
        case kDefCfaRegister:
            return set_end_register(bytes_.take_unsigned());
        case kDefCfaOffset:
            return set_end_offset(take_unsigned());
        case kDefCfaOffsetSf:
            return set_end_offset(in_data_units(bytes_.take_signed()));
        default:
            return set_end(kRegisters, skip_expression());
        }
    }

    void define_register(std::uint8_t instruction) {
        const std::uint64_t number = bytes_.take_unsigned();
        switch (instruction) {
        case kOffsetExtended:
            return set_offset(number, Place::kAtOffset, take_unsigned());
        case kOffsetExtendedSf:
            return set_offset(number, Place::kAtOffset, bytes_.take_signed());
        case kGnuNegativeOffsetExtended: {
            const std::int64_t units = take_unsigned();
            return units < 0 ? fail() : set_offset(number, Place::kAtOffset, -units);
        }
        case kValOffset:
            return set_offset(number, Place::kOffset, take_unsigned());
        case kValOffsetSf:
            return set_offset(number, Place::kOffset, bytes_.take_signed());
        case kRestoreExtended:
            return restore(number);
        case kUndefined:
            return set(number, Place::kUndefined, 0);
        case kSameValue:
            return set(number, Place::kSame, 0);
        case kRegister: {
            const std::uint64_t other = bytes_.take_unsigned();
            return other < kRegisters ? set(number, Place::kRegister, static_cast<std::int64_t>(other))
                                      : set(number, Place::kUndefined, 0);
        }
        case kExpression:
            return set(number, Place::kAtExpression, skip_expression());
        case kValExpression:
            return set(number, Place::kExpression, skip_expression());
        default:
            return fail();
        }
    }

    ObjectBytes& bytes_;
    const CommonPart& common_;
    std::uintptr_t header_;
    FrameDescription& description_;
    FrameRow& row_;
    FrameRow initial_;
    std::array<FrameRow, kMostRemembered> remembered_;
    unsigned remembered_count_ = 0;
    bool advanced_ = false;
    bool failed_ = false;
    std::uintptr_t next_ = 0;
};

} // namespace

Found describe(const DescribedObject& object, std::uintptr_t address, FrameDescription& description) {
    ObjectBytes bytes(object);
    Table table{};
    if (!find_table(bytes, object.header, table)) return bytes.failed() ? Found::kDamaged : Found::kNone;
    const std::uintptr_t place = search(bytes, table, object.header, address);
    if (place == 0) return bytes.failed() ? Found::kDamaged : Found::kNone;

    bytes.go_to(place);
    Section section{};
    if (!take_length(bytes, section)) return Found::kDamaged;
    const std::uintptr_t back = bytes.at();
    const std::uintptr_t common_place = back - bytes.take<std::uint32_t>();
    const std::uintptr_t addresses = bytes.at();
    if (bytes.failed() || common_place == back) return Found::kDamaged;

    CommonPart common;
    if (!read_common_part(bytes, common_place, common)) return Found::kDamaged;
    description = {};
    description.signal_frame = common.signal_frame;
    Program program(bytes, common, object.header, description);
    if (!program.run_common()) return Found::kDamaged;

    bytes.go_to(addresses);
    const std::uintptr_t function = bytes.take_encoded(common.encoding, object.header);
    const std::uint64_t size = bytes.take_encoded(common.encoding, 0, true);
    if (common.augmented) bytes.skip(bytes.take_unsigned());
    if (bytes.failed() || bytes.at() > section.end || bytes.at() < addresses) return Found::kDamaged;
    if (address - function >= size) return Found::kNone;
    description.row_begin = function;
    description.row_end = function + size;
    return program.run(bytes.at(), section.end, address) ? Found::kDescription : Found::kDamaged;
}

} // namespace ashlar::observe
