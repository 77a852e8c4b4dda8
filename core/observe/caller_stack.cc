// SPDX-License-Identifier: MIT
#include "observe/caller_stack.h"

#include "heap/fallback.h"
#include "observe/unwind.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>

// The text of the object that this code is linked into. The linker defines both names.
// NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming)
extern "C" [[gnu::visibility("hidden")]] const char __ehdr_start[];
extern "C" [[gnu::visibility("hidden")]] const char etext[];
// NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming)

namespace ashlar::observe {

namespace {

constexpr unsigned kBuffers = 16;
constinit std::array<std::array<std::uintptr_t, CallerStack::kMostFrames>, kBuffers> buffers{};
constinit std::atomic<std::uint32_t> in_use{0};

// Returns the number of a free buffer, and takes the buffer. Returns kBuffers if all are in use.
unsigned take_buffer() {
    std::uint32_t used = in_use.load(std::memory_order_relaxed);
    for (;;) {
        const auto number = static_cast<unsigned>(std::countr_one(used));
        if (number >= kBuffers) return kBuffers;
        if (in_use.compare_exchange_weak(used, used | 1U << number, std::memory_order_acquire)) return number;
    }
}

bool in_own_text(std::uintptr_t address) {
    return address - reinterpret_cast<std::uintptr_t>(__ehdr_start) <
           static_cast<std::uintptr_t>(etext - __ehdr_start);
}

} // namespace

CallerStack::CallerStack() : buffer_(take_buffer()) {}

CallerStack::~CallerStack() {
    if (buffer_ < kBuffers) in_use.fetch_and(~(1U << buffer_), std::memory_order_release);
}

void CallerStack::survive_fork() {
    in_use.store(0, std::memory_order_relaxed);
}

bool CallerStack::unwind() {
    if (buffer_ >= kBuffers) return false;
    std::uintptr_t* const frames = buffers[buffer_].data();
    frames_ = frames;
    count_ = observe::unwind(frames, kMostFrames, 0);
    if (heap::fallback::behind_malloc()) { // else the program and the library are one object
        for (; count_ != 0 && in_own_text(*frames_); --count_)
            ++frames_;
    }
    return true;
}

bool CallerStack::unwind_from(const void* context) {
    if (buffer_ >= kBuffers) return false;
    std::uintptr_t* const frames = buffers[buffer_].data();
    frames_ = frames;
    count_ = observe::unwind_from(context, frames, kMostFrames);
    return true;
}

bool CallerStack::leads_through_library() const {
    return heap::fallback::behind_malloc() &&
           std::any_of(frames_, frames_ + count_,
                       [](std::uintptr_t address) { return in_own_text(address - 1); });
}

} // namespace ashlar::observe
