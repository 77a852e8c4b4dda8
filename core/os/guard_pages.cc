// SPDX-License-Identifier: MIT
#include "os/guard_pages.h"

#include "os/system_call.h"

#include <atomic>
#include <cerrno>
#include <sys/mman.h>
#include <sys/syscall.h>

namespace ashlar::os {

namespace {

// Some C libraries' headers are older than these.
constexpr int kInstall = 102; // MADV_GUARD_INSTALL
constexpr int kRemove = 103;  // MADV_GUARD_REMOVE
constexpr int kNoAdvice = -1;

long advise(void* start, std::size_t size, int advice) {
    return system_call(SYS_madvise, start, size, advice);
}

bool knows(int advice) {
    return advise(nullptr, 0, advice) == 0;
}

// Returns whether the kernel marks guard pages. Emulators that ignore advice accept kNoAdvice too.
bool can_mark() {
    enum class Answer : unsigned char { kNone, kYes, kNo };
    static constinit std::atomic<Answer> known{Answer::kNone};
    Answer answer = known.load(std::memory_order_relaxed);
    if (answer == Answer::kNone) {
        answer = knows(kInstall) && !knows(kNoAdvice) ? Answer::kYes : Answer::kNo;
        known.store(answer, std::memory_order_relaxed);
    }
    return answer == Answer::kYes;
}

// True once a guard was made by mprotect().
constinit std::atomic<bool> some_protected{false};

} // namespace

bool raise_guard(void* start, std::size_t size) {
    if (can_mark()) {
        const long result = advise(start, size, kInstall);
        if (result == 0) return true;
        if (result != -EINVAL) advise(start, size, kRemove); // takes back a partial installation
    }
    some_protected.store(true, std::memory_order_relaxed);
    return system_call(SYS_mprotect, start, size, PROT_NONE) == 0;
}

bool lower_guard(void* start, std::size_t size) {
    const bool unmarked = !can_mark() || advise(start, size, kRemove) == 0;
    return unmarked && (!some_protected.load(std::memory_order_relaxed) ||
                        system_call(SYS_mprotect, start, size, PROT_READ | PROT_WRITE) == 0);
}

bool guards_are_mappings() {
    return !can_mark();
}

} // namespace ashlar::os
