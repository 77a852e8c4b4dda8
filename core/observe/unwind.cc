// SPDX-License-Identifier: MIT
#include "observe/unwind.h"

#include "observe/described_object.h"
#include "observe/frame_description.h"
#include "observe/frame_expression.h"
#include "observe/frame_registers.h"
#include "observe/stack_memory.h"
#include "observe/unwind_rules.h"

#include <array>
#include <optional>
#include <ucontext.h>

namespace ashlar::observe {

namespace {

// ---- Frame pointers ---------------------------------------------------------------------------------------

// No memory is mapped below kLeastAddress, and no frame is larger than kLargestFrame bytes.
constexpr std::uintptr_t kLeastAddress = 4096;
constexpr std::uintptr_t kLargestFrame = std::uintptr_t{1} << 20;

// A frame record: the caller's frame pointer, then the return address. Callers' records are higher.
struct FrameRecord {
    std::uint64_t caller;
    std::uint64_t return_address;
};

bool read_record(StackMemory& memory, std::uintptr_t stack, std::uintptr_t pointer, FrameRecord& record) {
    return pointer >= stack && pointer - stack < kLargestFrame && memory.read(pointer, record.caller) &&
           memory.read(pointer + sizeof(std::uint64_t), record.return_address);
}

#if defined(__x86_64__)

// ---- Rules ------------------------------------------------------------------------------------------------

// Returns whether the caller's rbp is in memory at rbp, as in functions that align their stack.
[[gnu::noinline]] bool saved_at_rbp(const DescribedObject& object, const RegisterRule& rule) {
    if (rule.place() != Place::kAtExpression) return false;
    ObjectBytes bytes(object);
    bytes.go_to(object.header + static_cast<std::uint64_t>(rule.value()));
    constexpr std::uint8_t kOperationOfRbp = 0x76; // DW_OP_breg6
    return bytes.take<std::uint8_t>() == 2 && bytes.take<std::uint8_t>() == kOperationOfRbp &&
           bytes.take_signed() == 0 && !bytes.failed();
}

// Returns the offset if the frame's end is in memory at rbp + offset.
[[gnu::noinline]] std::optional<std::int64_t> through_rbp(const DescribedObject& object,
                                                          const FrameEnd& end) {
    if (!end.is_expression()) return {};
    ObjectBytes bytes(object);
    bytes.go_to(object.header + static_cast<std::uint64_t>(end.value.value()));
    constexpr std::uint8_t kOperationOfRbp = 0x76;
    constexpr std::uint8_t kDereference = 0x06;
    const auto length = bytes.take<std::uint8_t>();
    const std::uintptr_t begin = bytes.at();
    if (bytes.take<std::uint8_t>() != kOperationOfRbp) return {};
    const std::int64_t offset = bytes.take_signed();
    if (bytes.take<std::uint8_t>() != kDereference || bytes.at() - begin != length || bytes.failed())
        return {};
    return offset;
}

// Returns the short form of a description.
UnwindRule shortened(const DescribedObject& object, const FrameDescription& description) {
    const std::uint32_t identity = object.identity;
    const FrameRow& row = description.row;
    const RegisterRule& return_address = row.rule_of(kReturnAddress);
    const RegisterRule& rbp = row.rule_of(kRbp);
    const UnwindRule in_full(Step::kByDescription, identity);
    if (return_address.place() == Place::kUndefined) return {Step::kOutermost, identity};
    if (description.signal_frame || row.rule_of(kRsp).place() != Place::kSame ||
        return_address.place() != Place::kAtOffset || return_address.value() != -8) {
        return in_full;
    }
    if (const auto offset = through_rbp(object, row.end)) {
        const bool fits = saved_at_rbp(object, rbp) && UnwindRule::fits(*offset, 0);
        return fits ? UnwindRule(Step::kThroughRbp, identity, *offset) : in_full;
    }
    const bool saved = rbp.place() == Place::kAtOffset && rbp.value() < 0;
    if (!saved && rbp.place() != Place::kSame) return in_full;
    if (row.end.number != kRsp && row.end.number != kRbp) return in_full;
    const std::int64_t end = row.end.value.value();
    const std::uint64_t depth = saved ? static_cast<std::uint64_t>(-rbp.value()) : 0;
    if (!UnwindRule::fits(end, depth)) return in_full;
    return {row.end.number == kRsp ? Step::kFromRsp : Step::kFromRbp, identity, end, depth};
}

// ---- The walk ---------------------------------------------------------------------------------------------

// kIncomplete: a frame's rule needs a register that the short rules of earlier frames did not follow.
enum class Outcome : std::uint8_t { kOn, kEnd, kIncomplete };

class Walk {
  public:
    // `interrupted`: the first address is an instruction's, not a return address. `in_full`: every frame is
    // unwound by its description, with all registers.
    Walk(bool interrupted, bool in_full) : interrupted_(interrupted), in_full_(in_full) {}

    FrameRegisters& registers() { return registers_; }

    Outcome run(std::uintptr_t* addresses, unsigned most, unsigned skip, bool first, unsigned& count) {
        memory_.stand_at(stack());
        count = 0;
        if (first && most != 0) addresses[count++] = registers_.values[kReturnAddress] + 1;
        while (count < most) {
            const Outcome outcome = step();
            if (outcome != Outcome::kOn) return outcome;
            const std::uintptr_t address = registers_.values[kReturnAddress];
            if (address < kLeastAddress) return Outcome::kEnd;
            if (skip != 0) {
                --skip;
            } else {
                addresses[count++] = address + (interrupted_ ? 1 : 0);
            }
        }
        return Outcome::kEnd;
    }

  private:
    std::uintptr_t stack() const { return registers_.values[kRsp]; }

    Outcome step() {
        // Looks up the call instruction, because a call may be a function's last instruction.
        const std::uintptr_t address = registers_.values[kReturnAddress] - (interrupted_ ? 0 : 1);
        interrupted_ = false;
        if (!object_.contains(address) && !find_object(address, object_)) return by_frame_pointer();
        if (in_full_) return by_description(address);
        UnwindRule rule = known_rule(address, object_.identity);
        if (rule.step() == Step::kAbsent) rule = learn(address);
        switch (rule.step()) {
        case Step::kFromRsp:
            return by_end(stack() + static_cast<std::uint64_t>(rule.end()), rule.saved_rbp());
        case Step::kFromRbp:
            if (!registers_.knows(kRbp)) return Outcome::kEnd;
            return by_end(registers_.values[kRbp] + static_cast<std::uint64_t>(rule.end()), rule.saved_rbp());
        case Step::kThroughRbp:
            return through_rbp(rule.end());
        case Step::kByDescription:
            return by_description(address);
        case Step::kNoDescription:
            return by_frame_pointer();
        default:
            return Outcome::kEnd;
        }
    }

    [[gnu::noinline]] UnwindRule learn(std::uintptr_t address) {
        FrameDescription description;
        const Found found = object_.header != 0 ? describe(object_, address, description) : Found::kNone;
        const UnwindRule rule = found == Found::kDescription
                                    ? shortened(object_, description)
                                    : UnwindRule(Step::kNoDescription, object_.identity);
        // An unreadable object may be in the middle of unloading. A readable one may have replaced the object
        // that was found. In both cases the rule is not remembered.
        DescribedObject now;
        const bool still = find_object(address, now) && now.identity == object_.identity;
        if (still && found != Found::kDamaged) remember_rule(address, rule);
        return rule;
    }

    // Each frame must end above the frame before, so that no stack leads in a circle.
    Outcome by_end(std::uintptr_t end, std::uint64_t saved_rbp) {
        std::uint64_t address = 0;
        if (end <= stack() || !memory_.read(end - sizeof address, address)) return Outcome::kEnd;
        if (saved_rbp != 0) {
            std::uint64_t rbp = 0;
            if (!memory_.read(end - saved_rbp, rbp)) return Outcome::kEnd;
            registers_.set(kRbp, rbp);
        }
        return arrive(end, address);
    }

    Outcome through_rbp(std::int64_t offset) {
        if (!registers_.knows(kRbp)) return Outcome::kEnd;
        const std::uint64_t own = registers_.values[kRbp];
        std::uint64_t end = 0;
        std::uint64_t rbp = 0;
        if (!memory_.read(own + static_cast<std::uint64_t>(offset), end) || !memory_.read(own, rbp)) {
            return Outcome::kEnd;
        }
        const Outcome outcome = by_end(end, 0);
        registers_.set(kRbp, rbp);
        return outcome;
    }

    Outcome by_frame_pointer() {
        FrameRecord record{};
        if (!registers_.knows(kRbp)) return Outcome::kEnd;
        const std::uintptr_t pointer = registers_.values[kRbp];
        if (!read_record(memory_, stack(), pointer, record)) return Outcome::kEnd;
        registers_.set(kRbp, record.caller);
        return arrive(pointer + sizeof record, record.return_address);
    }

    Outcome arrive(std::uintptr_t end, std::uint64_t address) {
        registers_.known = 1U << kRsp | 1U << kReturnAddress | (registers_.known & 1U << kRbp);
        registers_.values[kRsp] = end;
        registers_.values[kReturnAddress] = address;
        return Outcome::kOn;
    }

    [[gnu::noinline]] Outcome by_description(std::uintptr_t address) {
        FrameDescription description;
        if (object_.header == 0 || describe(object_, address, description) != Found::kDescription) {
            return by_frame_pointer();
        }
        return apply(object_, description);
    }

    // Separate from describe(), whose frame is gone by then. Together they would need more stack.
    [[gnu::noinline]] Outcome apply(const DescribedObject& object, const FrameDescription& description) {
        ObjectBytes bytes(object);
        bool unknown = false;
        const FrameEnd& by = description.row.end;
        std::optional<std::uint64_t> end;
        if (by.is_expression()) {
            end = evaluate(bytes, object.header + static_cast<std::uint64_t>(by.value.value()), registers_,
                           memory_, {}, unknown);
        } else if (registers_.knows(by.number)) {
            end = registers_.values[by.number] + static_cast<std::uint64_t>(by.value.value());
        } else {
            unknown = by.number < kRegisters;
        }
        Followed caller;
        for (unsigned i = 0; end && i < kFollowed; ++i) {
            caller.known |=
                restored(object, bytes, description, i, *end, caller.values[i], unknown) ? 1U << i : 0;
        }
        if (end && !caller.knows(kRsp)) caller.set(kRsp, *end);
        const bool complete = end && caller.knows(kReturnAddress);
        if (unknown && !in_full_ && !(complete && caller.knows(kRbp))) return Outcome::kIncomplete;
        if (!complete) return Outcome::kEnd;
        // A signal handler may run on another stack.
        if (!description.signal_frame && caller.value(kRsp) <= stack()) return Outcome::kEnd;
        registers_.known = 0;
        for (unsigned i = 0; i < kFollowed; ++i) {
            if ((caller.known >> i & 1) != 0) registers_.set(kFollowedNumbers[i], caller.values[i]);
        }
        interrupted_ = description.signal_frame;
        if (interrupted_) memory_.stand_at(stack());
        return Outcome::kOn;
    }

    // Values of the followed registers, with one bit each in `known`.
    struct Followed {
        std::array<std::uint64_t, kFollowed> values;
        std::uint32_t known = 0;

        bool knows(unsigned number) const { return (known >> kColumns[number] & 1) != 0; }
        std::uint64_t value(unsigned number) const { return values[kColumns[number]]; }
        void set(unsigned number, std::uint64_t value) {
            values[kColumns[number]] = value;
            known |= 1U << kColumns[number];
        }
    };

    // Computes the caller's value of a followed register, or returns false. Sets `unknown` if another
    // register's value is missing.
    bool restored(const DescribedObject& object, ObjectBytes& bytes, const FrameDescription& description,
                  unsigned column, std::uint64_t end, std::uint64_t& result, bool& unknown) {
        const RegisterRule& rule = description.row.registers[column];
        const auto value = static_cast<std::uint64_t>(rule.value());
        const unsigned number = kFollowedNumbers[column];
        switch (rule.place()) {
        case Place::kSame:
            result = registers_.values[number];
            return (kKeptByCalls >> number & 1) != 0 && registers_.knows(number);
        case Place::kUndefined:
            return false;
        case Place::kAtOffset:
            return memory_.read(end + value, result);
        case Place::kOffset:
            result = end + value;
            return true;
        case Place::kRegister:
            if (!registers_.knows(value)) {
                unknown = true;
                return false;
            }
            result = registers_.values[value];
            return true;
        default:
            break;
        }
        const auto found = evaluate(bytes, object.header + value, registers_, memory_, end, unknown);
        if (!found) return false;
        result = *found;
        return rule.place() == Place::kExpression || memory_.read(*found, result);
    }

    FrameRegisters registers_;
    StackMemory memory_;
    DescribedObject object_; // object of the last address, and as a rule of the next one
    bool interrupted_;
    bool in_full_;
};

// Takes the registers just before the return address in them. They hold while the caller's frame exists.
[[gnu::always_inline]] inline void take_registers(FrameRegisters& registers) {
    asm volatile("mov %%rbx, 24(%0)\n\t"
                 "mov %%rbp, 48(%0)\n\t"
                 "mov %%rsp, 56(%0)\n\t"
                 "mov %%r12, 96(%0)\n\t"
                 "mov %%r13, 104(%0)\n\t"
                 "mov %%r14, 112(%0)\n\t"
                 "mov %%r15, 120(%0)\n\t"
                 "lea 0f(%%rip), %%rax\n\t"
                 "mov %%rax, 128(%0)\n"
                 "0:"
                 :
                 : "r"(registers.values.data())
                 : "rax", "memory");
    registers.known = kKeptByCalls | 1U << kRsp | 1U << kReturnAddress;
}

// Positions in the context, in the order of the descriptions' numbers.
constexpr std::array<int, kRegisters> kInContext = {REG_RAX, REG_RDX, REG_RCX, REG_RBX, REG_RSI, REG_RDI,
                                                    REG_RBP, REG_RSP, REG_R8,  REG_R9,  REG_R10, REG_R11,
                                                    REG_R12, REG_R13, REG_R14, REG_R15, REG_RIP};

void take_registers(const ucontext_t& context, FrameRegisters& registers) {
    for (unsigned i = 0; i < kRegisters; ++i)
        registers.values[i] = static_cast<std::uint64_t>(context.uc_mcontext.gregs[kInContext[i]]);
    registers.known = (1U << kRegisters) - 1;
}

#endif

} // namespace

#if defined(__x86_64__)

[[gnu::noinline]] unsigned unwind(std::uintptr_t* addresses, unsigned most, unsigned skip) {
    unsigned count = 0;
    for (const bool in_full : {false, true}) {
        Walk walk(true, in_full);
        take_registers(walk.registers());
        if (walk.run(addresses, most, skip, false, count) != Outcome::kIncomplete) break;
    }
    return count;
}

unsigned unwind_from(const void* context, std::uintptr_t* addresses, unsigned most) {
    unsigned count = 0;
    for (const bool in_full : {false, true}) {
        Walk walk(true, in_full);
        take_registers(*static_cast<const ucontext_t*>(context), walk.registers());
        if (walk.run(addresses, most, 0, true, count) != Outcome::kIncomplete) break;
    }
    return count;
}

#elif defined(__aarch64__)

namespace {

// Removes the signature that return addresses may have in their upper bits.
std::uint64_t without_signature(std::uint64_t address) {
    register std::uint64_t link asm("x30") = address;
    asm("hint #7" : "+r"(link)); // xpaclri
    return link;
}

unsigned follow_records(std::uintptr_t pointer, std::uintptr_t stack, std::uintptr_t* addresses,
                        unsigned most, unsigned skip) {
    StackMemory memory;
    memory.stand_at(stack);
    unsigned count = 0;
    FrameRecord record{};
    while (count < most && read_record(memory, stack, pointer, record)) {
        const std::uint64_t address = without_signature(record.return_address);
        if (address < kLeastAddress) break;
        if (skip != 0) {
            --skip;
        } else {
            addresses[count++] = address;
        }
        stack = pointer + sizeof record;
        pointer = record.caller;
    }
    return count;
}

} // namespace

[[gnu::noinline]] unsigned unwind(std::uintptr_t* addresses, unsigned most, unsigned skip) {
    const auto frame = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
    return follow_records(frame, frame, addresses, most, skip);
}

unsigned unwind_from(const void* context, std::uintptr_t* addresses, unsigned most) {
    const mcontext_t& machine = static_cast<const ucontext_t*>(context)->uc_mcontext;
    if (most == 0) return 0;
    addresses[0] = machine.pc + 1;
    return 1 + follow_records(machine.regs[29], machine.sp, addresses + 1, most - 1, 0);
}

#else

unsigned unwind(std::uintptr_t* /*addresses*/, unsigned /*most*/, unsigned /*skip*/) {
    return 0;
}

unsigned unwind_from(const void* /*context*/, std::uintptr_t* /*addresses*/, unsigned /*most*/) {
    return 0;
}

#endif

} // namespace ashlar::observe
