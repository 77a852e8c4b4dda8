// SPDX-License-Identifier: MIT
#include "slab/misuse.h"

#include "slab/mixed_slab.h"

namespace ashlar::slab {

namespace {

std::string_view words_for(Fault fault) {
    switch (fault) {
    case Fault::kDoubleFree:
        return "double free of ";
    case Fault::kNeverAllocated:
        return "invalid pointer (a block that was never allocated) ";
    case Fault::kInterior:
        return "invalid pointer (inside a block) ";
    case Fault::kNoBlock:
    case Fault::kNone:
        break;
    }
    return "invalid pointer (no block) ";
}

void describe_block(os::Message& message, const void* address, layout::SizeClass c) {
    const char* const block = block_around(address, c);
    const layout::Page first =
        layout::window.page_of(address) & ~static_cast<layout::Page>(layout::kShapes[c].pages - 1);
    message.text(": ").number(layout::class_size(c)).text("-byte class, slab ");
    message.address(layout::window.address_of(first));
    if (block == nullptr) {
        message.text(", behind its last block");
    } else if (block != address) {
        message.text(", ").number(static_cast<std::size_t>(static_cast<const char*>(address) - block));
        message.text(" bytes into the block at ").address(block);
    }
}

} // namespace

os::Message& describe(os::Message& message, const void* address) {
    if (layout::window.contains(address)) {
        const layout::PageHeader header = layout::window.header_of(address);
        if (header.size_class() != 0) {
            describe_block(message, address, header.size_class());
        } else if (is_mixed(header)) {
            message.text(": a page of the heap with blocks of several classes");
        } else {
            message.text(": a page of the heap that holds no blocks");
        }
    }
    return message.text(", thread ").number(os::thread_id());
}

void report(Fault fault, const void* address) {
    os::Message message;
    message.text(words_for(fault)).address(address);
    os::fatal(describe(message, address));
}

} // namespace ashlar::slab
