// SPDX-License-Identifier: MIT
#include "layout/metadata_pool.h"

#include "layout/window.h"

#include <algorithm>

namespace ashlar::layout {

constinit MetadataPool metadata_pool;

namespace {

constexpr std::size_t kCarved = 4096; // bytes that are carved into blocks at a time

std::size_t block_of(std::size_t size) {
    return std::bit_ceil(std::max(size, MetadataPool::kMinBlock));
}

unsigned order_of(std::size_t block) {
    return static_cast<unsigned>(std::countr_zero(block) - std::countr_zero(MetadataPool::kMinBlock));
}

} // namespace

bool MetadataPool::make_sure_of(std::size_t end) {
    if (end <= window.pool.committed()) return true;
    if (refused_.leave_out()) return false;
    if (window.pool.grow_to(end)) {
        refused_.forget();
        return true;
    }
    refused_.note_refused();
    return false;
}

MetadataPool::FreeBlock* MetadataPool::split_new_piece(std::size_t block) {
    const std::size_t length = std::max(block, kCarved);
    const std::size_t offset = (used_ + length - 1) / length * length;
    if (!make_sure_of(offset + length)) return nullptr;
    used_ = offset + length;
    const std::uintptr_t start = window.pool.start() + offset;
    FreeBlock* list = nullptr;
    for (std::size_t end = length; end != 0; end -= block) {
        auto* const free_block = reinterpret_cast<FreeBlock*>(start + end - block);
        free_block->next = list;
        list = free_block;
    }
    return list;
}

// Splits a free block of the next larger size that has one. The last resort when the pool cannot grow.
MetadataPool::FreeBlock* MetadataPool::split_larger_block(std::size_t block) {
    for (std::size_t larger = block * 2; larger <= kMaxBlock; larger *= 2) {
        FreeBlock*& list = free_[order_of(larger)];
        if (list == nullptr) continue;
        const auto start = reinterpret_cast<std::uintptr_t>(list);
        list = list->next;
        FreeBlock* pieces = nullptr;
        for (std::size_t end = larger; end != 0; end -= block) {
            auto* const piece = reinterpret_cast<FreeBlock*>(start + end - block);
            piece->next = pieces;
            pieces = piece;
        }
        return pieces;
    }
    return nullptr;
}

bool MetadataPool::set_aside(std::size_t bytes) {
    const os::Guard guard(mutex_);
    return window.pool.grow_to(std::min(bytes, window.pool.size()));
}

void MetadataPool::ask_again() {
    const os::Guard guard(mutex_);
    refused_.forget();
}

void* MetadataPool::take(std::size_t size) {
    const std::size_t block = block_of(size);
    if (block > kMaxBlock) return nullptr;
    const os::Guard guard(mutex_);
    FreeBlock*& list = free_[order_of(block)];
    if (list == nullptr) list = split_new_piece(block);
    if (list == nullptr) list = split_larger_block(block);
    FreeBlock* const taken = list;
    if (taken != nullptr) list = taken->next;
    return taken;
}

void MetadataPool::give(void* block, std::size_t size) {
    const os::Guard guard(mutex_);
    FreeBlock*& list = free_[order_of(block_of(size))];
    auto* const freed = static_cast<FreeBlock*>(block);
    freed->next = list;
    list = freed;
}

} // namespace ashlar::layout
