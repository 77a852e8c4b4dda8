// SPDX-License-Identifier: MIT
#include "process/memory.h"

#include <array>
#include <catch2/catch.hpp>
#include <cerrno>
#include <sys/mman.h>
#include <unistd.h>

using namespace ashlar::process;

TEST_CASE("memory is read as a whole or not at all") {
    const std::array<int, 4> numbers{1, 2, 3, 4};
    const Memory memory(getpid());
    const auto address = reinterpret_cast<Address>(numbers.data());
    CHECK(memory.read<int>(address + sizeof(int)) == 2);
    CHECK(memory.read<int>(address, 4) == std::vector<int>{1, 2, 3, 4});
    CHECK(memory.read<int>(address, 0).empty());
    CHECK_FALSE(memory.read<int>(0));
    CHECK_FALSE(memory.read<int>(~Address{0}));
    CHECK_FALSE(memory.read<int>(~Address{0} - 3));
    CHECK(memory.read<int>(address, ~std::size_t{0}).empty());
    CHECK(memory.read<int>(address, std::size_t{1} << 40).empty());
}

TEST_CASE("the end of a mapping ends a reading") {
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    auto* const pages = static_cast<char*>(
        mmap(nullptr, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    REQUIRE(pages != MAP_FAILED);
    pages[page - 1] = 'x';
    REQUIRE(munmap(pages + page, page) == 0);
    const Memory memory(getpid());
    const auto last = reinterpret_cast<Address>(pages) + page - 1;
    CHECK(memory.read<char>(last) == 'x');
    CHECK_FALSE(memory.read<std::uint16_t>(last));
    CHECK(errno == EFAULT);
    std::vector<char> some(2 * page);
    CHECK(memory.read_some(last, some.data(), some.size()) == 1);
    munmap(pages, page);
}
