// SPDX-License-Identifier: MIT
#include "../support/child.h"
#include "../support/forbid_call.h"
#include "os/page_memory.h"
#include "os/possible_memory.h"

#include <array>
#include <catch2/catch.hpp>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <sys/mman.h>
#include <sys/syscall.h>

namespace {

using namespace ashlar;

// A readable page followed by an inaccessible page.
class TwoPages {
  public:
    TwoPages() : page_(os::page_size()) {
        memory_ = static_cast<char*>(
            ::mmap(nullptr, 2 * page_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
        REQUIRE(memory_ != MAP_FAILED);
        std::memset(memory_, 7, page_);
        REQUIRE(::mprotect(memory_ + page_, page_, PROT_NONE) == 0);
    }
    TwoPages(const TwoPages&) = delete;
    TwoPages& operator=(const TwoPages&) = delete;
    ~TwoPages() { ::munmap(memory_, 2 * page_); }

    char* border() const { return memory_ + page_; }

  private:
    std::size_t page_;
    char* memory_ = nullptr;
};

void require_copies() {
    const TwoPages pages;
    std::array<char, 64> to{};
    REQUIRE(os::copy_if_readable(to.data(), pages.border() - to.size(), to.size()));
    REQUIRE(to[0] == 7);
    REQUIRE(to[63] == 7);
    REQUIRE_FALSE(os::copy_if_readable(to.data(), pages.border() - to.size() + 1, to.size()));
    REQUIRE_FALSE(os::copy_if_readable(to.data(), pages.border(), 1));
    REQUIRE(os::copy_if_readable(to.data(), pages.border(), 0));
    for (const std::uintptr_t nowhere :
         {std::uintptr_t{0}, std::uintptr_t{4096}, UINTPTR_MAX - 8, UINTPTR_MAX / 2}) {
        const auto* const from = reinterpret_cast<const void*>(nowhere);
        REQUIRE_FALSE(os::copy_if_readable(to.data(), from, to.size()));
    }
}

} // namespace

TEST_CASE("memory is copied if all of it can be read") {
    require_copies();
}

TEST_CASE("memory is copied where the kernel forbids the call for it") {
    UNIT_REQUIRE_PASSED(unit::run_here([] {
        REQUIRE(unit::forbid_call(SYS_process_vm_readv));
        require_copies();
    }));
}

TEST_CASE("a page is known to be readable without being changed") {
    const TwoPages pages;
    for (const int value : {0, 1, 2}) {
        std::memcpy(pages.border() - sizeof value, &value, sizeof value);
        REQUIRE(os::is_readable(pages.border() - 1));
        int now = -1;
        std::memcpy(&now, pages.border() - sizeof now, sizeof now);
        REQUIRE(now == value);
    }
    REQUIRE_FALSE(os::is_readable(pages.border()));
    REQUIRE_FALSE(os::is_readable(nullptr));
}
