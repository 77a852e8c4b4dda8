// SPDX-License-Identifier: MIT
// A C++ library for a C program. new must throw and call the handler although the process started without
// libstdc++, or although this library has its own copy.
#include "common/must.h"

#include <new>

namespace {

int handler_calls = 0;

void give_up_at_the_third_call() {
    if (++handler_calls == 3) std::set_new_handler(nullptr);
}

void* impossible() {
    return ::operator new(opaque_size(SIZE_MAX / 2 + 1));
}

} // namespace

extern "C" void run_plugin() {
    ::operator delete(::operator new(opaque_size(100)));
    bool caught = false;
    try {
        static_cast<void>(impossible());
    } catch (const std::bad_alloc&) {
        caught = true;
    }
    MUST(caught);
    MUST(::operator new(opaque_size(SIZE_MAX / 2 + 1), std::nothrow) == nullptr);
    std::set_new_handler(give_up_at_the_third_call);
    caught = false;
    try {
        static_cast<void>(impossible());
    } catch (const std::bad_alloc&) {
        caught = true;
    }
    MUST(caught);
    MUST(handler_calls == 3);

    handler_calls = 0;
    std::set_new_handler(give_up_at_the_third_call);
    MUST(::operator new[](opaque_size(SIZE_MAX / 2 + 1), std::nothrow) == nullptr);
    MUST(handler_calls == 3);
    std::set_new_handler([] { throw std::bad_alloc(); });
    MUST(::operator new(opaque_size(SIZE_MAX / 2 + 1), std::nothrow) == nullptr);
    MUST(::operator new (opaque_size(SIZE_MAX / 2 + 1), std::align_val_t{64}, std::nothrow) == nullptr);
    std::set_new_handler(nullptr);
}
