// SPDX-License-Identifier: MIT
#include "observe/frame_expression.h"

#include <array>

namespace ashlar::observe {

namespace {

constexpr unsigned kDepth = 10; // the deepest expression seen needs three
constexpr unsigned kMostSteps = 256;

// The operations, with the standard's names without DW_OP_.
enum Operation : std::uint8_t {
    kAddr = 0x03,
    kDeref = 0x06,
    kConst1u = 0x08,
    kConst1s,
    kConst2u,
    kConst2s,
    kConst4u,
    kConst4s,
    kConst8u,
    kConst8s,
    kConstu,
    kConsts,
    kDup,
    kDrop,
    kOver,
    kPick,
    kSwap,
    kRot,
    kAbs = 0x19,
    kAnd,
    kDiv,
    kMinus,
    kMod,
    kMul,
    kNeg,
    kNot,
    kOr,
    kPlus,
    kPlusUconst,
    kShl,
    kShr,
    kShra,
    kXor,
    kBra,
    kEq,
    kGe,
    kGt,
    kLe,
    kLt,
    kNe,
    kSkip,
    kLit0,
    kReg0 = 0x50,
    kBreg0 = 0x70,
    kBregx = 0x92,
    kDerefSize = 0x94,
    kNop = 0x96,
};
static_assert(kConsts == 0x11 && kRot == 0x17 && kXor == 0x27 && kSkip == 0x2F && kLit0 == 0x30);

class Machine {
  public:
    Machine(ObjectBytes& bytes, std::uintptr_t begin, std::uintptr_t end, const FrameRegisters& registers,
            StackMemory& memory)
        : bytes_(bytes), begin_(begin), end_(end), registers_(registers), memory_(memory) {}

    void push(std::uint64_t value) {
        if (depth_ == kDepth) return fail();
        stack_[depth_++] = value;
    }
    std::uint64_t pop() {
        if (depth_ == 0) {
            fail();
            return 0;
        }
        return stack_[--depth_];
    }

    bool run() {
        for (unsigned steps = 0; bytes_.at() != end_; ++steps) {
            if (steps == kMostSteps || bytes_.at() < begin_ || bytes_.at() > end_) return false;
            perform(bytes_.take<std::uint8_t>());
            if (failed_ || bytes_.failed()) return false;
        }
        return depth_ != 0;
    }

    bool lacked_register() const { return unknown_; }

  private:
    void fail() { failed_ = true; }

    void push_register(std::uint64_t number, std::int64_t offset) {
        if (!registers_.knows(number)) {
            unknown_ = true;
            return fail();
        }
        push(registers_.values[number] + static_cast<std::uint64_t>(offset));
    }

    void push_copy(std::size_t below_top) {
        if (below_top >= depth_) return fail();
        push(stack_[depth_ - 1 - below_top]);
    }

    void dereference(unsigned size) {
        const std::uint64_t address = pop();
        if (failed_ || size == 0 || size > sizeof(std::uint64_t)) return fail();
        const std::uint64_t within = address % sizeof(std::uint64_t);
        std::uint64_t word = 0;
        // In practice an expression reads a whole, aligned word, or a part of one.
        if (within + size > sizeof word || !memory_.read(address - within, word)) return fail();
        word >>= within * 8;
        push(size < sizeof word ? word & ((std::uint64_t{1} << size * 8) - 1) : word);
    }

    void jump(std::int64_t distance) { bytes_.go_to(bytes_.at() + static_cast<std::uint64_t>(distance)); }

    void perform(std::uint8_t operation) {
        if (operation >= kLit0 && operation < kReg0) return push(operation - kLit0);
        if (operation >= kBreg0 && operation < kBreg0 + 32) {
            return push_register(operation - kBreg0, bytes_.take_signed());
        }
        if (operation >= kConst1u && operation <= kConsts) return push_constant(operation);
        if (operation == kAddr) return push(bytes_.take<std::uint64_t>());
        if (operation >= kDup && operation <= kRot) return rearrange(operation);
        switch (operation) {
        case kDeref:
            return dereference(sizeof(std::uint64_t));
        case kDerefSize:
            return dereference(bytes_.take<std::uint8_t>());
        case kBregx: {
            const std::uint64_t number = bytes_.take_unsigned();
            return push_register(number, bytes_.take_signed());
        }
        case kPlusUconst:
            return push(pop() + bytes_.take_unsigned());
        case kSkip:
            return jump(bytes_.take<std::int16_t>());
        case kBra: {
            const auto distance = bytes_.take<std::int16_t>();
            if (pop() != 0) jump(distance);
            return;
        }
        case kNop:
            return;
        case kNeg:
            return push(-pop());
        case kNot:
            return push(~pop());
        case kAbs: {
            const std::uint64_t value = pop();
            return push(static_cast<std::int64_t>(value) < 0 ? -value : value);
        }
        default:
            return combine(operation);
        }
    }

    void push_constant(std::uint8_t operation) {
        const auto extended = [](std::int64_t number) { return static_cast<std::uint64_t>(number); };
        switch (operation) {
        case kConst1u:
            return push(bytes_.take<std::uint8_t>());
        case kConst1s:
            return push(extended(bytes_.take<std::int8_t>()));
        case kConst2u:
            return push(bytes_.take<std::uint16_t>());
        case kConst2s:
            return push(extended(bytes_.take<std::int16_t>()));
        case kConst4u:
            return push(bytes_.take<std::uint32_t>());
        case kConst4s:
            return push(extended(bytes_.take<std::int32_t>()));
        case kConst8u:
        case kConst8s:
            return push(bytes_.take<std::uint64_t>());
        case kConstu:
            return push(bytes_.take_unsigned());
        default:
            return push(extended(bytes_.take_signed()));
        }
    }

    void rearrange(std::uint8_t operation) {
        switch (operation) {
        case kDup:
            return push_copy(0);
        case kOver:
            return push_copy(1);
        case kPick:
            return push_copy(bytes_.take<std::uint8_t>());
        case kDrop:
            pop();
            return;
        default:
            break;
        }
        const std::uint64_t first = pop();
        const std::uint64_t second = pop();
        const std::uint64_t third = operation == kRot ? pop() : 0;
        push(first);
        if (operation == kRot) push(third);
        push(second);
    }

    void combine(std::uint8_t operation) {
        const std::uint64_t right = pop();
        const std::uint64_t left = pop();
        const auto signed_left = static_cast<std::int64_t>(left);
        const auto signed_right = static_cast<std::int64_t>(right);
        switch (operation) {
        case kAnd:
            return push(left & right);
        case kOr:
            return push(left | right);
        case kXor:
            return push(left ^ right);
        case kPlus:
            return push(left + right);
        case kMinus:
            return push(left - right);
        case kMul:
            return push(left * right);
        case kDiv:
            if (right == 0) return fail();
            return push(signed_right == -1 ? -left : static_cast<std::uint64_t>(signed_left / signed_right));
        case kMod:
            if (right == 0) return fail();
            return push(left % right);
        case kShl:
            return push(right < 64 ? left << right : 0);
        case kShr:
            return push(right < 64 ? left >> right : 0);
        case kShra:
            return push(static_cast<std::uint64_t>(signed_left >> (right < 64 ? right : 63)));
        case kEq:
            return push(left == right ? 1 : 0);
        case kNe:
            return push(left != right ? 1 : 0);
        case kGe:
            return push(signed_left >= signed_right ? 1 : 0);
        case kGt:
            return push(signed_left > signed_right ? 1 : 0);
        case kLe:
            return push(signed_left <= signed_right ? 1 : 0);
        case kLt:
            return push(signed_left < signed_right ? 1 : 0);
        default:
            return fail();
        }
    }

    ObjectBytes& bytes_;
    std::uintptr_t begin_;
    std::uintptr_t end_;
    const FrameRegisters& registers_;
    StackMemory& memory_;
    std::array<std::uint64_t, kDepth> stack_;
    unsigned depth_ = 0;
    bool failed_ = false;
    bool unknown_ = false;
};

} // namespace

std::optional<std::uint64_t> evaluate(ObjectBytes& bytes, std::uintptr_t address,
                                      const FrameRegisters& registers, StackMemory& memory,
                                      std::optional<std::uint64_t> first, bool& unknown) {
    bytes.go_to(address);
    const std::uint64_t length = bytes.take_unsigned();
    if (bytes.failed() || length > bytes.end() - bytes.at()) return {};
    Machine machine(bytes, bytes.at(), bytes.at() + length, registers, memory);
    if (first) machine.push(*first);
    const bool done = machine.run();
    unknown = unknown || machine.lacked_register();
    if (!done) return {};
    return machine.pop();
}

} // namespace ashlar::observe
