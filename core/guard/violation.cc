// SPDX-License-Identifier: MIT
#include "guard/violation.h"

#include "heap/large.h"
#include "slab/misuse.h"

#include <string_view>

namespace ashlar::guard {

namespace {

using slab::Found;

// Appends ": a block of the 112-byte size class" or ": a large block" and reports.
[[noreturn]] void end(os::Message& message, const void* block, Found found) {
    if (heap::large::block_around(block) != nullptr) slab::report(message.text(": a large block"), found);
    slab::report(slab::describe(message, block), found);
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

void report_released_twice_at_once(const void* block) {
    os::Message message;
    message.text("double free of ").address(block).text(" by two threads at one time");
    end(message, block, Found::kLater);
}

void report_overflow(const void* block, std::size_t size, std::size_t bytes) {
    os::Message message;
    message.text("overflow of ").number(bytes).text(bytes == 1 ? " byte" : " bytes");
    if (bytes == canary::kWatched) message.text(" or more"); // more bytes are not checked
    message.text(" behind a block of ").number(size).text(" bytes at ").address(block);
    end(message, block, Found::kLater);
}

void report_overflow_into_trailer(const void* block, std::size_t room) {
    canary::Facts facts;
    const std::size_t bytes = canary::overflow_into_trailer(static_cast<const char*>(block), room, facts);
    if (bytes != 0) report_overflow(block, facts.size, bytes);
    os::Message message;
    message.text("overflow behind a block of at most ").number(room - canary::kTrailer);
    message.text(" bytes at ").address(block);
    end(message, block, Found::kLater);
}

void report_written_after_release(const void* block, std::size_t offset) {
    os::Message message;
    message.text("write after free, ").number(offset);
    message.text(" bytes into the block at ").address(block);
    end(message, block, Found::kLater);
}

void report_wrong_size(const void* block, const canary::Facts& facts, const Claim& claim) {
    os::Message message;
    message.text("release of ").address(block).text(" with size ").number(claim.size);
    message.text(", which was allocated with ").number(facts.size);
    end(message, block, Found::kInTheCall);
}

void report_wrong_alignment(const void* block, const canary::Facts& facts, const Claim& claim) {
    os::Message message;
    message.text("release of ").address(block).text(" with alignment ").number(claim.alignment);
    message.text(", which was allocated with ").number(std::size_t{1} << facts.alignment_shift);
    end(message, block, Found::kInTheCall);
}

void report_wrong_form(const void* block, const canary::Facts& facts, const Claim& claim) {
    os::Message message;
    message.text("release of ").address(block).text(" by ").text(name_of(claim.form, true));
    message.text(", which was allocated by ").text(name_of(facts.form, false));
    if (facts.alignment_shift > 4)
        message.text(" with alignment ").number(std::size_t{1} << facts.alignment_shift);
    end(message, block, Found::kInTheCall);
}

} // namespace ashlar::guard
