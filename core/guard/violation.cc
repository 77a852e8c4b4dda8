// SPDX-License-Identifier: MIT
#include "guard/violation.h"

#include "guard/large_blocks.h"
#include "guard/live_map.h"
#include "slab/misuse.h"

#include <string_view>

namespace ashlar::guard {

namespace {

using layout::window;

// ": 112-byte class, slab 0x…" or ": a large block", and the thread.
[[noreturn]] void end(os::Message& message, const void* block) {
    if (large_blocks::around(block) != nullptr) {
        os::fatal(message.text(": a large block, thread ").number(os::thread_id()));
    }
    os::fatal(slab::describe(message, block));
}

// Inside a large block, which has nothing to say for itself on its other pages.
[[noreturn]] void report_inside_large(const void* address, const void* block) {
    os::Message message;
    message.text("invalid pointer (inside a block) ").address(address).text(": ");
    if (address < block) {
        message.text("before the large block at ").address(block);
    } else {
        const auto distance = static_cast<const char*>(address) - static_cast<const char*>(block);
        message.number(static_cast<std::size_t>(distance))
            .text(" bytes into the large block at ")
            .address(block);
    }
    os::fatal(message.text(", thread ").number(os::thread_id()));
}

[[noreturn]] void report_large(const void* address, const void* block) {
    if (address != block) report_inside_large(address, block);
    os::Message message;
    message.text("double free of ").address(address);
    end(message, block);
}

bool was_block(const void* address) {
    return live_map.at(window.offset_of(address)) != LiveMap::State::kNever;
}

std::string_view name_of(Form form, bool by_operator) {
    switch (form) {
    case Form::kNew:
        return by_operator ? "delete" : "new";
    case Form::kNewArray:
        return by_operator ? "delete[]" : "new[]";
    case Form::kMalloc:
        break;
    }
    return by_operator ? "free" : "malloc";
}

} // namespace

void report_not_live(const void* address) {
    if (!window.contains(address)) report_foreign(address);
    const layout::PageHeader header = window.header_of(address);
    if (header.size_class() == 0) {
        if (const void* const block = large_blocks::around(address)) report_large(address, block);
        slab::report(was_block(address) ? slab::Fault::kDoubleFree : slab::Fault::kNoBlock, address);
    }
    const char* const block = slab::block_around(address, header.size_class());
    if (block == nullptr) slab::report(slab::Fault::kNoBlock, address);
    if (block != address) slab::report(slab::Fault::kInterior, address);
    slab::report(was_block(address) ? slab::Fault::kDoubleFree : slab::Fault::kNeverAllocated, address);
}

void report_foreign(const void* address) {
    os::Message message;
    message.text("invalid pointer (neither a block of this heap nor of the C library's malloc) ");
    os::fatal(slab::describe(message.address(address), address));
}

void report_released_twice_at_once(const void* block) {
    os::Message message;
    message.text("double free of ").address(block).text(" by two threads at one time");
    end(message, block);
}

void report_overflow(const void* block, std::size_t size, std::size_t bytes) {
    os::Message message;
    message.text("overflow of ").number(bytes).text(bytes == 1 ? " byte" : " bytes");
    if (bytes == canary::kWatched) message.text(" or more"); // are not looked at
    message.text(" behind a block of ").number(size).text(" bytes at ").address(block);
    end(message, block);
}

void report_overflow_into_trailer(const void* block, std::size_t room) {
    canary::Facts facts;
    const std::size_t bytes = canary::overflow_into_trailer(static_cast<const char*>(block), room, facts);
    if (bytes != 0) report_overflow(block, facts.size, bytes);
    os::Message message;
    message.text("overflow behind a block of at most ").number(room - canary::kTrailer);
    message.text(" bytes at ").address(block);
    end(message, block);
}

void report_written_after_release(const void* block, std::size_t offset) {
    os::Message message;
    message.text("write after free, ").number(offset);
    message.text(" bytes into the block at ").address(block);
    end(message, block);
}

void report_wrong_size(const void* block, const canary::Facts& facts, const Claim& claim) {
    os::Message message;
    message.text("release of ").address(block).text(" with size ").number(claim.size);
    message.text(", which was allocated with ").number(facts.size);
    end(message, block);
}

void report_wrong_alignment(const void* block, const canary::Facts& facts, const Claim& claim) {
    os::Message message;
    message.text("release of ").address(block).text(" with alignment ").number(claim.alignment);
    message.text(", which was allocated with ").number(std::size_t{1} << facts.alignment_shift);
    end(message, block);
}

void report_wrong_form(const void* block, const canary::Facts& facts, const Claim& claim) {
    os::Message message;
    message.text("release of ").address(block).text(" by ").text(name_of(claim.form, true));
    message.text(", which was allocated by ").text(name_of(facts.form, false));
    if (facts.alignment_shift > 4)
        message.text(" with alignment ").number(std::size_t{1} << facts.alignment_shift);
    end(message, block);
}

} // namespace ashlar::guard
