// SPDX-License-Identifier: MIT
#include "os/first_objects.h"

#include "os/loaded_object.h"

#include <array>

namespace ashlar::os {

namespace {

constinit std::array<const link_map*, kMostFirstObjects> objects{};
constinit std::size_t count = 0;

} // namespace

[[gnu::cold]] void remember_first_objects() {
    const link_map* const own = own_object();
    const link_map* const loader = object_around(reinterpret_cast<const void*>(&_dl_find_object));
    if (own == nullptr || loader == nullptr) return;
    // Objects before the loader in its list were loaded at start. So was this library if the loader follows.
    const link_map* object = own;
    while (object != nullptr && object != loader)
        object = object->l_next;
    for (; object != nullptr; object = object->l_prev) {
        // Backwards through a ring. Of too many objects the program and its first libraries are kept.
        objects[count % kMostFirstObjects] = object;
        ++count;
    }
    if (count > kMostFirstObjects) count = kMostFirstObjects;
}

std::size_t first_object_number(const link_map* object) {
    for (std::size_t i = 0; i < count; ++i) {
        if (objects[i] == object) return i;
    }
    return kNotFirst;
}

} // namespace ashlar::os
