// SPDX-License-Identifier: MIT
// Which allocator is under test.
//
// The tests call plain malloc; who answers is decided by LD_PRELOAD. What only Ashlar offers is looked up at
// run time. So the same binary runs under System, where the tests tagged [ashlar-only] are left out.
#pragma once

#include <ashlar/ashlar.h>

#include <cstddef>
#include <cstdint>
#include <dlfcn.h>
#include <string>

namespace contract {

// The path of libashlar.so or libashlar-hardened.so in this process's memory map; empty under another
// allocator.
std::string library();

inline bool under_ashlar() {
    return !library().empty();
}

// The function of that name which the process would call, or null. `Function` is a function type.
template <class Function>
Function* symbol(const char* name) {
    return reinterpret_cast<Function*>(dlsym(RTLD_DEFAULT, name));
}

// Ashlar's figures. Fails the running test if the interface is missing.
ashlar_statistics statistics();

// Bytes of this process in memory, exact (the quick figures of /proc/self/statm lag behind by some pages a
// CPU).
std::size_t resident_bytes();

} // namespace contract
