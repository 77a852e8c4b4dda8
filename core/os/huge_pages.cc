// SPDX-License-Identifier: MIT
#include "os/huge_pages.h"

#include "os/small_file.h"
#include "os/system_call.h"

#include <atomic>
#include <cstdint>
#include <sys/mman.h>
#include <sys/syscall.h>

namespace ashlar::os {

namespace {

enum class Answer : std::uint8_t { kUnknown, kNo, kYes };

constinit std::atomic<Answer> allowed{Answer::kUnknown};

bool advise(void* start, std::size_t size, int advice) {
    return system_call(SYS_madvise, start, size, advice) == 0;
}

} // namespace

bool advise_small_pages(void* start, std::size_t size) {
    return advise(start, size, MADV_NOHUGEPAGE);
}

bool advise_huge_pages(void* start, std::size_t size) {
    return advise(start, size, MADV_HUGEPAGE);
}

bool huge_pages_allowed() {
    if (allowed.load(std::memory_order_relaxed) == Answer::kUnknown) {
        char text[128];
        const std::string_view setting = read_small_file("/sys/kernel/mm/transparent_hugepage/enabled", text);
        const bool yes = !setting.empty() && setting.find("[never]") == std::string_view::npos;
        allowed.store(yes ? Answer::kYes : Answer::kNo, std::memory_order_relaxed);
    }
    return allowed.load(std::memory_order_relaxed) == Answer::kYes;
}

} // namespace ashlar::os
