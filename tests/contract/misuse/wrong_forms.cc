// SPDX-License-Identifier: MIT
#include "kinds.h"
#include "operators.h"
#include "prepare.h"

namespace misuse {

namespace {

namespace heap = common::heap;
using namespace operators; // NOLINT(google-build-using-namespace): six short names

template <void* (*allocate)(std::size_t)>
void from(Scene& s) {
    s.put_in_row(allocate);
}

constexpr std::array kKinds{
    Kind{"sized-delete-half", "delete with half of the size", from<make>,
         [](Scene& s) { unmake_sized(s.block, s.size / 2); }},
    Kind{"sized-delete-double", "delete with twice the size", from<make>,
         [](Scene& s) { unmake_sized(s.block, 2 * s.size); }},
    Kind{"sized-delete-1", "delete with size 1", from<make>, [](Scene& s) { unmake_sized(s.block, 1); }},
    Kind{"sized-delete-1-MiB-more", "delete with 1 MiB more than its size", from<make>,
         [](Scene& s) { unmake_sized(s.block, s.size + (std::size_t{1} << 20)); }},
    Kind{"aligned-delete-other", "new aligned to 64, delete aligned to 256", from<make_aligned>,
         [](Scene& s) { unmake_aligned(s.block, kOtherAlignment); }},
    Kind{"aligned-new-delete", "new aligned to 64, plain delete", from<make_aligned>,
         [](Scene& s) { unmake(s.block); }},
    Kind{"new-aligned-delete", "plain new, delete aligned to 64", from<make>,
         [](Scene& s) { unmake_aligned(s.block, kAlignment); }},
    Kind{"new-free", "new, then free", from<make>, [](Scene& s) { heap::release(s.block); }},
    Kind{"malloc-delete", "malloc, then delete", from<heap::allocate>, [](Scene& s) { unmake(s.block); }},
    Kind{"new-array-delete", "new[], then delete", from<make_array>, [](Scene& s) { unmake(s.block); }},
    Kind{"new-delete-array", "new, then delete[]", from<make>, [](Scene& s) { unmake_array(s.block); }},
    Kind{"malloc-delete-array", "malloc, then delete[]", from<heap::allocate>,
         [](Scene& s) { unmake_array(s.block); }},
};

} // namespace

constinit const Family kWrongForms{"Released in another form than allocated", kKinds};

} // namespace misuse
