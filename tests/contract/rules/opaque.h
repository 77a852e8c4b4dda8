// SPDX-License-Identifier: MIT
// Values that the compiler cannot predict.
//
// The tests request absurd sizes, look at pointers after their release, and discard blocks unread. A compiler
// that knows the values warns or removes the calls. opaque() hides a value from it.
#pragma once

namespace contract {

template <class T>
T opaque(T value) {
    asm volatile("" : "+r"(value) : : "memory");
    return value;
}

} // namespace contract
