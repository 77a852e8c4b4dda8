// SPDX-License-Identifier: MIT
#include "os/first_objects.h"
#include "os/loaded_object.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <dlfcn.h>

TEST_CASE("the program and its libraries are first objects, what is loaded later is none") {
    using namespace ashlar;
    REQUIRE(os::first_object_number(os::own_object()) < os::kMostFirstObjects);
    void* const handle = ::dlopen("libc.so.6", RTLD_LAZY);
    REQUIRE(handle != nullptr);
    void* const function = ::dlsym(handle, "qsort");
    REQUIRE(os::first_object_number(os::object_around(function)) < os::kMostFirstObjects);
    ::dlclose(handle);
    // This library is part of the C library's package, and no program links with it.
    void* const later = ::dlopen("libBrokenLocale.so.1", RTLD_LAZY);
    REQUIRE(later != nullptr);
    link_map* map = nullptr;
    REQUIRE(::dlinfo(later, RTLD_DI_LINKMAP, &map) == 0);
    REQUIRE(os::first_object_number(map) == os::kNotFirst);
    ::dlclose(later);
}
