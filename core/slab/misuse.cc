// SPDX-License-Identifier: MIT
#include "slab/misuse.h"

#include "os/edition.h"
#include "slab/mixed_slab.h"

#include <string_view>

namespace ashlar::slab {

namespace {

constinit bool hardened_can_be_had = false;

std::string_view advice_for(Found found) {
    if (found == Found::kInTheCall) {
        return "The call at fault is this one: a debugger or a core dump shows it.";
    }
    if (os::kHardened) {
        return "The fault came before this call. AddressSanitizer or valgrind stop at the fault itself.";
    }
    return hardened_can_be_had ? "The call at fault may have been an earlier one. To stop in it: "
                                 "ashlar run --hardened -- COMMAND"
                               : "The call at fault may have been an earlier one.";
}

bool is_misaligned(const void* address) {
    return reinterpret_cast<std::uintptr_t>(address) % layout::kAlignment != 0;
}

void describe_class(os::Message& message, const void* address, layout::SizeClass c) {
    const char* const block = block_around(address, c);
    const auto distance = static_cast<std::size_t>(static_cast<const char*>(address) - block);
    if (block == nullptr) {
        message.text("behind the last block of a slab");
    } else if (distance == 0) {
        message.text("a block");
    } else {
        message.number(distance).text(distance == 1 ? " byte" : " bytes");
        message.text(" into the block at ").address(block);
    }
    message.text(" of the ").number(layout::class_size(c)).text("-byte size class");
}

} // namespace

os::Message& describe(os::Message& message, const void* address, Fault fault) {
    const layout::SliceHeader header = layout::window.header_of(address);
    message.text(": ");
    if (header.size_class() != 0) {
        describe_class(message, address, header.size_class());
    } else if (is_mixed(header)) {
        if (fault == Fault::kInterior) message.text("inside a block, ");
        message.text("in a slice of 64 KiB with blocks of several size classes");
    } else {
        message.text("no block lies there now");
    }
    return message;
}

void report(const os::Message& message, Found found) {
    os::fatal(message, advice_for(found));
}

void report(Fault fault, const void* address, Found found) {
    os::Message message;
    const bool misaligned = is_misaligned(address);
    message.text(fault == Fault::kDoubleFree && !misaligned ? "double free of " : "invalid pointer ");
    message.address(address);
    if (misaligned) message.text(" (misaligned)");
    describe(message, address, fault);
    if (fault == Fault::kNeverAllocated) message.text(" that was never handed out");
    report(message, found);
}

void advise_hardened() {
    hardened_can_be_had = true;
}

} // namespace ashlar::slab
