// SPDX-License-Identifier: MIT
// Checks that the other tests really run on Ashlar.
#include "child.h"
#include "opaque.h"
#include "subject.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <dlfcn.h>
#include <new>

namespace {

std::string provider_of(const char* name) {
    Dl_info info{};
    void* const address = dlsym(RTLD_DEFAULT, name);
    if (address == nullptr || dladdr(address, &info) == 0 || info.dli_fname == nullptr) return {};
    return info.dli_fname;
}

} // namespace

TEST_CASE("libashlar is loaded and answers", "[ashlar-only]") {
    REQUIRE(contract::under_ashlar());
    for (const char* name : {"malloc", "free", "calloc", "realloc", "posix_memalign", "_Znwm", "_ZdlPvm",
                             "__libc_malloc", "__libc_free"}) {
        INFO(name);
        CHECK(provider_of(name).find("libashlar") != std::string::npos);
    }
    auto* const owns = contract::symbol<int(const void*)>("ashlar_owns");
    REQUIRE(owns != nullptr);
    void* const by_malloc = malloc(contract::opaque<std::size_t>(100));
    void* const by_new = ::operator new(contract::opaque<std::size_t>(100));
    CHECK(owns(by_malloc) == 1);
    CHECK(owns(by_new) == 1);
    CHECK(owns(&by_malloc) == 0);
    CHECK(owns(nullptr) == 0);
    ::operator delete(by_new);
    free(by_malloc);
}

TEST_CASE("children inherit the allocator", "[ashlar-only]") {
    const contract::Outcome outcome = contract::run({{"/bin/cat", "/proc/self/maps"}});
    INFO(outcome.describe());
    REQUIRE(outcome.clean());
    CHECK(outcome.output.find(contract::library()) != std::string::npos);
}
