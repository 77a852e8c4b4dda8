// SPDX-License-Identifier: MIT
#include "kinds.h"
#include "opaque.h"
#include "prepare.h"

#include <algorithm>

namespace misuse {

namespace {

namespace heap = common::heap;

void read(const char* start, std::size_t length) {
    const volatile char* const bytes = contract::opaque(start);
    for (std::size_t i = 0; i < length; ++i)
        static_cast<void>(bytes[i]);
}

constexpr std::array kKinds{
    Kind{"read-freed", "read the first 8 bytes of a freed block", freed_block,
         [](Scene& s) { read(s.block, 8); }},
    Kind{"read-freed-end", "read the last 8 bytes of a freed block", freed_block,
         [](Scene& s) { read(s.block + s.size - 8, 8); }},
    Kind{"read-freed-large", "read a freed block of 1 MiB at least",
         [](Scene& s) {
             s.block = static_cast<char*>(heap::allocate(std::max(s.size, std::size_t{1} << 20)));
             heap::release(s.block);
         },
         [](Scene& s) { read(s.block, 8); }},
    Kind{"read-behind", "read 8 bytes behind a block", live_block,
         [](Scene& s) { read(s.block + s.size, 8); }},
    Kind{"read-before", "read 8 bytes before a block", live_block, [](Scene& s) { read(s.block - 8, 8); }},
};

} // namespace

constinit const Family kStrayReads{"Reads outside of a block in use", kKinds};

} // namespace misuse
