// SPDX-License-Identifier: MIT
// Values the compiler knows nothing about.
//
// The tests ask for absurd sizes, look at pointers after their release and throw blocks away unread. A
// compiler that sees through this warns about it or removes the calls; a value that went through opaque()
// hides it.
#pragma once

namespace contract {

template <class T>
T opaque(T value) {
    asm volatile("" : "+r"(value) : : "memory");
    return value;
}

} // namespace contract
