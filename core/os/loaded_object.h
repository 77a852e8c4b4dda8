// SPDX-License-Identifier: MIT
//
// Looks up programs and libraries of this process. Another library may replace a function of the C library
// (dlsym, say), and lead to one of our own functions. So the results are compared with this library.
#pragma once

#include <dlfcn.h>
#include <link.h>

namespace ashlar::os {

// Returns the program or library that contains `address`, or null. Takes no lock and allocates nothing.
inline link_map* object_around(const void* address) {
    dl_find_object found{};
    return ::_dl_find_object(const_cast<void*>(address), &found) == 0 ? found.dlfo_link_map : nullptr;
}

inline link_map* own_object() {
    static const char here = 0;
    return object_around(&here);
}

// Returns the function `name` of the objects that `handle` stands for. Returns null if there is none or it is
// one of ours. Takes the dynamic loader's lock and may allocate.
inline void* find_elsewhere(void* handle, const char* name) {
    void* const found = ::dlsym(handle, name);
    return found != nullptr && object_around(found) != own_object() ? found : nullptr;
}

// Does the same for one object and its dependencies. A link_map is a valid handle only for objects that were
// opened with dlopen, so this opens the object by its name.
inline void* find_in_object(const link_map* object, const char* name) {
    void* const handle = ::dlopen(object->l_name, RTLD_LAZY | RTLD_NOLOAD);
    if (handle == nullptr) return nullptr;
    void* const found = find_elsewhere(handle, name);
    ::dlclose(handle);
    return found;
}

} // namespace ashlar::os
