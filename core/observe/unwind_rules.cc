// SPDX-License-Identifier: MIT
#include "observe/unwind_rules.h"

#include "os/page_memory.h"

namespace ashlar::observe {

namespace {

struct Entry {
    std::atomic<std::uint64_t> key; // address exclusive-or rule
    std::atomic<std::uint64_t> rule;
};

constexpr unsigned kEntriesLog2 = 12;
constexpr std::size_t kBytes = sizeof(Entry) << kEntriesLog2; // 64 KiB, the largest page size

constinit std::atomic<Entry*> table{nullptr};

// Returns the first of an address's two entries.
std::size_t place_of(std::uintptr_t address) {
    constexpr std::uint64_t kGolden = 0x9E3779B97F4A7C15;
    return static_cast<std::size_t>(address * kGolden >> (64 - kEntriesLog2));
}

// Maps the table. If several threads do so at a time, all use the same table.
Entry* made_table() {
    void* const memory = os::reserve(kBytes);
    if (memory == nullptr) return nullptr;
    auto* entries = static_cast<Entry*>(memory);
    Entry* known = nullptr;
    if (os::commit(memory, kBytes) &&
        table.compare_exchange_strong(known, entries, std::memory_order_acq_rel)) {
        return entries;
    }
    os::unreserve(memory, kBytes);
    return known;
}

} // namespace

UnwindRule known_rule(std::uintptr_t address, std::uint32_t object) {
    const Entry* const entries = table.load(std::memory_order_acquire);
    if (entries == nullptr) return {};
    const std::size_t place = place_of(address);
    for (const std::size_t i : {place, place ^ 1}) {
        const std::uint64_t bits = entries[i].rule.load(std::memory_order_relaxed);
        const UnwindRule rule = UnwindRule::of_bits(bits);
        if ((entries[i].key.load(std::memory_order_relaxed) ^ bits) == address &&
            rule.object() == (object & UnwindRule::kObjectMask)) {
            return rule;
        }
    }
    return {};
}

void remember_rule(std::uintptr_t address, UnwindRule rule) {
    Entry* entries = table.load(std::memory_order_acquire);
    if (entries == nullptr) entries = made_table();
    if (entries == nullptr) return;
    // Moves the old rule to its other entry. The rule there was not used since, and is dropped.
    Entry& first = entries[place_of(address)];
    Entry& second = entries[place_of(address) ^ 1];
    const std::uint64_t old_rule = first.rule.load(std::memory_order_relaxed);
    const std::uint64_t old_key = first.key.load(std::memory_order_relaxed);
    if ((old_key ^ old_rule) != address) {
        second.rule.store(old_rule, std::memory_order_relaxed);
        second.key.store(old_key, std::memory_order_relaxed);
    }
    first.rule.store(rule.bits(), std::memory_order_relaxed);
    first.key.store(address ^ rule.bits(), std::memory_order_relaxed);
}

std::size_t rules_bytes() {
    return table.load(std::memory_order_relaxed) != nullptr ? kBytes : 0;
}

} // namespace ashlar::observe
