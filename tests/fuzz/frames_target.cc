// SPDX-License-Identifier: MIT
//
// Arbitrary bytes as an object's .eh_frame_hdr and .eh_frame. The unwinder looks up addresses that the table
// names, and others, and computes every expression that it finds. It must read no byte outside of the object,
// and its results must depend only on the bytes.
//
// The first four bytes choose registers and the distance of addresses from the functions; the object follows.
#include "common/report.h"
#include "observe/frame_description.h"
#include "observe/frame_expression.h"
#include "observe/frame_registers.h"
#include "observe/object_bytes.h"
#include "observe/stack_memory.h"
#include "target.h"

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <vector>

namespace {

using namespace ashlar::observe;
using common::fail;

// The object that may be read now. Reads are not checked while it is null.
const DescribedObject* allowed = nullptr;

void check(const iovec& range) {
    const auto begin = reinterpret_cast<std::uintptr_t>(range.iov_base);
    if (begin < allowed->begin || begin > allowed->end || allowed->end - begin < range.iov_len) {
        fail("%zu bytes at offset %td of an object of %zu bytes", range.iov_len,
             static_cast<std::ptrdiff_t>(begin - allowed->begin),
             static_cast<std::size_t>(allowed->end - allowed->begin));
    }
}

} // namespace

// Replaces the core's function (see the linker's --wrap).
extern "C" long __real_ashlar_system_call(long number, long a, long b, long c, long d, long e, long f);
extern "C" long __wrap_ashlar_system_call(long number, long a, long b, long c, long d, long e, long f) {
    if (number == SYS_process_vm_readv && allowed != nullptr) check(*reinterpret_cast<const iovec*>(d));
    return __real_ashlar_system_call(number, a, b, c, d, e, f);
}

namespace {

constexpr std::size_t kChoices = 4;
constexpr std::size_t kTable = 12;
constexpr unsigned kMostFunctions = 64;

struct Input {
    std::vector<std::uint8_t> bytes;
    DescribedObject object{};
    std::uint8_t choices[kChoices]{};

    std::uintptr_t function(unsigned number) const {
        std::int32_t relative = 0;
        const std::size_t place = kTable + std::size_t{number} * 8;
        if (place + sizeof relative <= bytes.size())
            std::memcpy(&relative, bytes.data() + place, sizeof relative);
        return object.begin + static_cast<std::uintptr_t>(std::intptr_t{relative});
    }
};

Input read(const std::uint8_t* data, std::size_t size) {
    Input input;
    std::memcpy(input.choices, data, kChoices);
    input.bytes.assign(data + kChoices, data + size);
    const auto begin = reinterpret_cast<std::uintptr_t>(input.bytes.data());
    input.object.begin = begin;
    input.object.end = begin + input.bytes.size();
    input.object.header = begin;
    return input;
}

FrameRegisters registers_of(const Input& input) {
    alignas(8) static const std::uint64_t words[64] = {1, 2, 3};
    FrameRegisters registers;
    for (unsigned i = 0; i < kRegisters; ++i)
        registers.values[i] =
            reinterpret_cast<std::uintptr_t>(words) + std::uintptr_t{input.choices[2]} % 48 * 8;
    registers.known = input.choices[3] * 0x01010101U;
    return registers;
}

void evaluate_at(const Input& input, std::int64_t from_header, bool with_end) {
    ObjectBytes bytes(input.object);
    StackMemory memory;
    bool unknown = false;
    const std::uint64_t end = 64;
    evaluate(bytes, input.object.header + static_cast<std::uint64_t>(from_header), registers_of(input),
             memory, with_end ? std::optional(end) : std::nullopt, unknown);
}

bool same(const FrameDescription& a, const FrameDescription& b) {
    return a.row_begin == b.row_begin && a.row_end == b.row_end && a.signal_frame == b.signal_frame &&
           std::memcmp(&a.row, &b.row, sizeof a.row) == 0;
}

void look_up(const Input& input, std::uintptr_t address) {
    FrameDescription description;
    FrameDescription again;
    allowed = &input.object;
    const Found found = describe(input.object, address, description);
    const Found found_again = describe(input.object, address, again);
    allowed = nullptr;
    if (found != found_again) fail("an address is found once and once not");
    if (found != Found::kDescription) return;
    if (!same(description, again)) fail("an address is described in two ways");
    if (address < description.row_begin || address >= description.row_end) {
        fail("an address lies outside of its row");
    }
    if (fuzz::printing) {
        std::printf("    %+td: row of %zu bytes\n",
                    static_cast<std::ptrdiff_t>(address - input.object.header),
                    static_cast<std::size_t>(description.row_end - description.row_begin));
    }
    if (description.row.end.is_expression()) evaluate_at(input, description.row.end.value.value(), false);
    for (const RegisterRule& rule : description.row.registers) {
        if (rule.place() == Place::kAtExpression || rule.place() == Place::kExpression) {
            evaluate_at(input, rule.value(), true);
        }
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < kChoices) return 0;
    const Input input = read(data, size);
    for (unsigned i = 0; i < kMostFunctions && kTable + std::size_t{i} * 8 < input.bytes.size(); ++i) {
        look_up(input, input.function(i));
        look_up(input, input.function(i) + input.choices[0]);
    }
    look_up(input, input.object.begin + input.choices[1]);
    return 0;
}
