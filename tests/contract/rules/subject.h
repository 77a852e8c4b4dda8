// SPDX-License-Identifier: MIT
// The allocator under test.
//
// The tests call plain malloc, and LD_PRELOAD decides which allocator answers. Functions that only Ashlar has
// are looked up at run time. So the same binary runs under System, without the tests tagged [ashlar-only].
#pragma once

#include <ashlar/ashlar.h>

#include <cstddef>
#include <cstdint>
#include <dlfcn.h>
#include <string>

namespace contract {

// Returns the path of libashlar.so or libashlar-hardened.so in this process's memory map. Empty under another
// allocator.
std::string library();

inline bool under_ashlar() {
    return !library().empty();
}

// Returns the process's function of that name, or null. `Function` is a function type.
template <class Function>
Function* symbol(const char* name) {
    return reinterpret_cast<Function*>(dlsym(RTLD_DEFAULT, name));
}

// Returns Ashlar's statistics. Fails the running test if the interface is missing.
ashlar_statistics statistics();

// Returns the exact RSS of this process in bytes. (/proc/self/statm lags behind by some pages a CPU.)
std::size_t resident_bytes();

} // namespace contract
