// SPDX-License-Identifier: MIT
#include "guard/not_live.h"

#include "guard/large_blocks.h"
#include "guard/live_map.h"
#include "heap/external.h"
#include "heap/misuse.h"
#include "slab/misuse.h"

#include <cstddef>
#include <string_view>

namespace ashlar::guard {

namespace {

using layout::window;
using slab::Found;

// Reports an address inside a large block. Only the header of the block's first slice identifies the block.
[[noreturn]] void report_inside_large(const void* address, const void* block) {
    os::Message message;
    message.text("invalid pointer ").address(address);
    if (window.offset_of(address) % layout::kAlignment != 0) message.text(" (misaligned)");
    if (address < block) {
        message.text(": before the large block at ").address(block);
    } else {
        const auto distance = static_cast<const char*>(address) - static_cast<const char*>(block);
        message.text(": ").number(static_cast<std::size_t>(distance));
        message.text(distance == 1 ? " byte" : " bytes").text(" into the large block at ").address(block);
    }
    slab::report(message, Found::kInTheCall);
}

[[noreturn]] void report_large(const void* address, const void* block) {
    if (address != block) report_inside_large(address, block);
    os::Message message;
    message.text("double free of ").address(address).text(": a large block");
    slab::report(message, Found::kInTheCall);
}

bool was_block(const void* address) {
    return live_map.at(window.offset_of(address)) != LiveMap::State::kNever;
}

} // namespace

void report_not_live(const void* address) {
    if (!window.contains(address)) report_external(address);
    const layout::SliceHeader header = window.header_of(address);
    if (header.size_class() == 0) {
        if (const void* const block = large_blocks::around(address)) report_large(address, block);
        if (was_block(address)) slab::report(slab::Fault::kDoubleFree, address, Found::kInTheCall);
        heap::report_no_block(address);
    }
    const char* const block = slab::block_around(address, header.size_class());
    if (block == nullptr) slab::report(slab::Fault::kNoBlock, address, Found::kInTheCall);
    if (block != address) slab::report(slab::Fault::kInterior, address, Found::kInTheCall);
    slab::report(was_block(address) ? slab::Fault::kDoubleFree : slab::Fault::kNeverAllocated, address,
                 Found::kInTheCall);
}

void report_external(const void* address) {
    const std::string_view objection = heap::objection_to(address);
    heap::report_external(address, objection.empty()
                                       ? "no block of this heap, nor does it look like one of the C library's"
                                       : objection);
}

} // namespace ashlar::guard
