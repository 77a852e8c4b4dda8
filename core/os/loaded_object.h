// SPDX-License-Identifier: MIT
//
// The programs and libraries of this process. What another library may put in the C library's place (dlsym,
// say) can answer with a function of our own, so whoever asks compares.
#pragma once

#include <dlfcn.h>
#include <link.h>

namespace ashlar::os {

// The program or library that an address lies in, or null. No lock is taken, nothing allocated.
inline link_map* object_around(const void* address) {
    dl_find_object found{};
    return ::_dl_find_object(const_cast<void*>(address), &found) == 0 ? found.dlfo_link_map : nullptr;
}

inline link_map* own_object() {
    static const char here = 0;
    return object_around(&here);
}

// A function by its name among those that `handle` stands for; null if there is none or it is one of ours.
// Takes the dynamic loader's lock, and may allocate.
inline void* find_elsewhere(void* handle, const char* name) {
    void* const found = ::dlsym(handle, name);
    return found != nullptr && object_around(found) != own_object() ? found : nullptr;
}

// The same in one object and what it needs. A link_map itself is a handle only of what dlopen was asked for.
inline void* find_in_object(const link_map* object, const char* name) {
    void* const handle = ::dlopen(object->l_name, RTLD_LAZY | RTLD_NOLOAD);
    if (handle == nullptr) return nullptr;
    void* const found = find_elsewhere(handle, name);
    ::dlclose(handle);
    return found;
}

} // namespace ashlar::os
