// SPDX-License-Identifier: MIT
#include "heap/misuse.h"

#include "heap/large.h"
#include "layout/window.h"
#include "slab/misuse.h"

namespace ashlar::heap {

namespace {

using layout::window;
using slab::Fault;
using slab::Found;

[[noreturn]] void report_inside_large(const void* address, const char* block) {
    os::Message message;
    message.text("invalid pointer ").address(address);
    if (window.offset_of(address) % layout::kAlignment != 0) message.text(" (misaligned)");
    const auto distance = static_cast<std::size_t>(static_cast<const char*>(address) - block);
    message.text(": ").number(distance).text(distance == 1 ? " byte" : " bytes");
    message.text(" into the large block at ").address(block);
    message.text(", which has ").number(large::usable_size(block)).text(" bytes");
    slab::report(message, Found::kInTheCall);
}

[[noreturn]] void report_freed_large(const void* address) {
    os::Message message;
    message.text("double free of ").address(address).text(": a large block that was freed or moved before");
    slab::report(message, Found::kInTheCall);
}

} // namespace

void report_external(const void* address, std::string_view why) {
    os::Message message;
    message.text("invalid pointer ").address(address).text(": ").text(why);
    slab::report(message, Found::kInTheCall);
}

void report_no_block(const void* address) {
    if (window.header_of(address).size_class() != 0) {
        slab::report(Fault::kInterior, address, Found::kInTheCall);
    }
    if (const char* const block = large::block_around(address)) report_inside_large(address, block);
    if (large::was_block(address)) report_freed_large(address);
    slab::report(Fault::kNoBlock, address, Found::kInTheCall);
}

} // namespace ashlar::heap
