// SPDX-License-Identifier: MIT
// operator new and delete: all twenty forms, the handler loop, and the exceptions.
#include "child.h"
#include "opaque.h"

#include <catch2/catch.hpp>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <malloc.h>
#include <new>
#include <vector>

using contract::opaque;

namespace {

constexpr std::size_t kImpossible = static_cast<std::size_t>(PTRDIFF_MAX) + 1;
constexpr std::align_val_t kWide{128};

struct HandlerGaveUp : std::bad_alloc {};

int handler_calls = 0;

void give_up_at_the_third_call() {
    if (++handler_calls == 3) std::set_new_handler(nullptr);
}

void throw_at_the_third_call() {
    if (++handler_calls == 3) throw HandlerGaveUp{};
}

// Installs a new-handler for one scope.
class WithHandler {
  public:
    explicit WithHandler(std::new_handler handler) : before_(std::set_new_handler(handler)) {
        handler_calls = 0;
    }
    WithHandler(const WithHandler&) = delete;
    WithHandler& operator=(const WithHandler&) = delete;
    ~WithHandler() { std::set_new_handler(before_); }

  private:
    std::new_handler before_;
};

using Form = void* (*)();
constexpr Form kThrowing[] = {
    [] { return ::operator new(opaque(kImpossible)); },
    [] { return ::operator new[](opaque(kImpossible)); },
    [] { return ::operator new(opaque(kImpossible), kWide); },
    [] { return ::operator new[](opaque(kImpossible), kWide); },
};
constexpr Form kNothrow[] = {
    [] { return ::operator new(opaque(kImpossible), std::nothrow); },
    [] { return ::operator new[](opaque(kImpossible), std::nothrow); },
    [] { return ::operator new(opaque(kImpossible), kWide, std::nothrow); },
    [] { return ::operator new[](opaque(kImpossible), kWide, std::nothrow); },
};

bool is_aligned(const void* block, std::align_val_t alignment) {
    return reinterpret_cast<std::uintptr_t>(block) % static_cast<std::size_t>(alignment) == 0;
}

} // namespace

TEST_CASE("each delete releases what its new gave") {
    const auto write = [](void* block, std::size_t size) {
        REQUIRE(block != nullptr);
        std::memset(block, 0x77, size);
        return block;
    };
    for (std::size_t size = 0; size < 100'000; size += 1 + size / 10) {
        INFO("size " << size);
        ::operator delete(write(::operator new(opaque(size)), size));
        ::operator delete(write(::operator new(opaque(size)), size), size);
        ::operator delete[](write(::operator new[](opaque(size)), size));
        ::operator delete[](write(::operator new[](opaque(size)), size), size);
        ::operator delete(write(::operator new(opaque(size), std::nothrow), size), std::nothrow);
        ::operator delete[](write(::operator new[](opaque(size), std::nothrow), size), std::nothrow);
        for (const std::size_t power : {16u, 32u, 64u, 128u, 256u, 4096u, 65'536u}) {
            const std::align_val_t alignment{power};
            void* const one = write(::operator new(opaque(size), alignment), size);
            void* const array = write(::operator new[](opaque(size), alignment), size);
            void* const quiet = write(::operator new(opaque(size), alignment, std::nothrow), size);
            void* const quiet_array = write(::operator new[](opaque(size), alignment, std::nothrow), size);
            for (const void* const block : {one, array, quiet, quiet_array})
                REQUIRE(is_aligned(block, alignment));
            ::operator delete(one, alignment);
            ::operator delete[](array, size, alignment);
            ::operator delete(quiet, alignment, std::nothrow);
            ::operator delete[](quiet_array, alignment, std::nothrow);
            ::operator delete[](write(::operator new[](opaque(size), alignment), size), alignment);
            ::operator delete(write(::operator new(opaque(size), alignment), size), size, alignment);
        }
    }
}

TEST_CASE("new throws bad_alloc without a handler") {
    const WithHandler none(nullptr);
    for (const Form form : kThrowing) {
        bool caught = false;
        try {
            static_cast<void>(form());
        } catch (const std::bad_alloc& error) {
            caught = typeid(error) == typeid(std::bad_alloc);
        }
        CHECK(caught);
    }
}

TEST_CASE("nothrow new gives null without a handler") {
    const WithHandler none(nullptr);
    for (const Form form : kNothrow)
        CHECK(form() == nullptr);
}

TEST_CASE("new calls its handler until that gives up") {
    for (const Form form : kThrowing) {
        const WithHandler handler(give_up_at_the_third_call);
        CHECK_THROWS_AS(form(), std::bad_alloc);
        CHECK(handler_calls == 3);
    }
    for (const Form form : kNothrow) {
        const WithHandler handler(give_up_at_the_third_call);
        CHECK(form() == nullptr);
        CHECK(handler_calls == 3);
    }
}

TEST_CASE("what a handler throws leaves new, and is caught by nothrow new") {
    for (const Form form : kThrowing) {
        const WithHandler handler(throw_at_the_third_call);
        CHECK_THROWS_AS(form(), HandlerGaveUp);
        CHECK(handler_calls == 3);
    }
    for (const Form form : kNothrow) {
        const WithHandler handler(throw_at_the_third_call);
        void* block = &handler_calls;
        CHECK_NOTHROW(block = form());
        CHECK(block == nullptr);
        CHECK(handler_calls == 3);
    }
}

TEST_CASE("a handler that frees memory makes new succeed") {
    REQUIRE_CLEAN(contract::run({{contract::program("new_handler")}}));
}

TEST_CASE("an array whose size overflows throws") {
    const std::size_t count = opaque(SIZE_MAX / 4);
    CHECK_THROWS_AS(new std::uint64_t[count], std::bad_alloc);
}

TEST_CASE("an alignment that is no power of two throws") {
    const auto alignment = std::align_val_t{opaque<std::size_t>(1000)};
    CHECK_THROWS_AS(::operator new(opaque<std::size_t>(10), alignment), std::bad_alloc);
    CHECK(::operator new(opaque<std::size_t>(10), alignment, std::nothrow) == nullptr);
}

TEST_CASE("a wrong size in delete is not looked at by default", "[not-hardened]") {
    // Many programs pass wrong sizes. A check may be offered but not imposed.
    for (const std::size_t size :
         {std::size_t{1}, std::size_t{100}, std::size_t{5000}, std::size_t{100'000}}) {
        ::operator delete(::operator new(opaque(size)), 3 * size + 17);
        ::operator delete[](::operator new[](opaque(size)), std::size_t{1});
        ::operator delete(::operator new(opaque(size), kWide), 5 * size, kWide);
    }
    REQUIRE_CLEAN(contract::run_here([] {
        ::operator delete(::operator new(opaque<std::size_t>(100)), opaque<std::size_t>(99'999));
        malloc_trim(0); // reports a bad block at the latest
        return 0;
    }));
}

TEST_CASE("new in a C program's C++ plugin allocates, throws and asks the handler") {
    for (const char* const plugin : {"libcxx_plugin.so", "libcxx_plugin_static.so"}) {
        REQUIRE_CLEAN(contract::run({{contract::program("cxx_plugin_host"), contract::program(plugin)}}));
    }
}

TEST_CASE("operator new works in a process without libstdc++", "[ashlar-only]") {
    REQUIRE_CLEAN(contract::run({{contract::program("new_without_cxx")}}));
}
