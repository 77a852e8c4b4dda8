// SPDX-License-Identifier: MIT
#include "observe/stack_table.h"

#include "os/page_memory.h"
#include "os/system_call.h"

#include <sys/mman.h>
#include <sys/syscall.h>

namespace ashlar::observe {

namespace {

// Returns a hash that is not 0, and whose lowest bit is clear.
std::uint64_t hash(const std::uintptr_t* frames, std::size_t count) {
    std::uint64_t value = count;
    for (std::size_t i = 0; i < count; ++i) {
        value = (value ^ frames[i]) * 0x9e3779b97f4a7c15;
        value ^= value >> 29;
    }
    value = (value ^ value >> 32) * 0xbf58476d1ce4e5b9;
    value = (value ^ value >> 29) & ~std::uint64_t{1};
    return value != 0 ? value : 2;
}

} // namespace

bool StackTable::prepare() {
    const long result = os::system_call(SYS_mmap, nullptr, kSlots * sizeof(*slots_), PROT_READ | PROT_WRITE,
                                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (os::failed(result)) return false;
    slots_ = reinterpret_cast<std::atomic<std::uint64_t>*>(result);
    return true;
}

void StackTable::clear() {
    if (slots_ != nullptr) os::system_call(SYS_madvise, slots_, kSlots * sizeof(*slots_), MADV_DONTNEED);
}

StackTable::Found StackTable::find(const std::uintptr_t* frames, std::size_t count) {
    const std::uint64_t wanted = hash(frames, count);
    std::size_t level = 0;
    for (const std::size_t size : kSizes) {
        for (std::size_t i = 0; i < kTries; ++i) {
            const std::size_t index = level + ((wanted >> 1) + i) % size;
            std::uint64_t present = slots_[index].load(std::memory_order_acquire);
            if (present == 0)
                slots_[index].compare_exchange_strong(present, wanted, std::memory_order_acq_rel);
            const auto number = static_cast<std::uint32_t>(index + 1);
            if (present == 0 || present == wanted) return {number, true};
            if (present == (wanted | kConfirmed)) return {number, false};
        }
        level += size;
    }
    return {0, false};
}

void StackTable::confirm(std::uint32_t number) {
    slots_[number - 1].fetch_or(kConfirmed, std::memory_order_release);
}

} // namespace ashlar::observe
