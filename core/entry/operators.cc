// SPDX-License-Identifier: MIT
//
// The replaceable operator new and delete, all twenty.
//
// Without a dependency on the C++ library: what they need of it (the new-handler, the exception) is
// referenced when it is needed, weakly or by name. A failing new calls the handler until there is
// memory or no handler is left; then it throws. The nothrow forms catch what a handler throws and return
// null, which takes this one file to be compiled with exceptions and the references to their run-time support
// to be weak.
#include "guard/guard.h"

#include <bit>
#include <cstdlib>
#include <dlfcn.h>
#include <new>

using namespace ashlar; // NOLINT(google-build-using-namespace): this file is names, nothing else

// What the compiler calls for try and catch.
asm(".weak __gxx_personality_v0\n"
    ".weak __cxa_begin_catch\n"
    ".weak __cxa_end_catch\n"
    ".weak _ZSt9terminatev\n"
    ".weak __cxa_call_terminate\n"
    ".weak _Unwind_Resume\n");

// std::__throw_bad_alloc and std::get_new_handler.
[[gnu::weak, gnu::visibility("default")]] void linked_throw() asm("_ZSt17__throw_bad_allocv");
[[gnu::weak, gnu::visibility("default")]] std::new_handler linked_handler() asm("_ZSt15get_new_handlerv");

namespace {

// A function of the C++ library: `linked` in a C++ program. A C program may have loaded the library, as a
// dependency of a plug-in and visible to that alone, long after us: only then is the dynamic loader asked,
// whose lock a thread that waits for this one may hold. Null if the library is not there.
template <typename Function>
Function* find(Function* linked, const char* mangled) {
    if (linked != nullptr) return linked;
    if (void* const visible = ::dlsym(RTLD_DEFAULT, mangled)) return reinterpret_cast<Function*>(visible);
    void* const library = ::dlopen("libstdc++.so.6", RTLD_LAZY | RTLD_NOLOAD);
    return library != nullptr ? reinterpret_cast<Function*>(::dlsym(library, mangled)) : nullptr;
}

// In a program without the C++ library nobody can catch: then running out of memory ends it.
[[noreturn]] void throw_bad_alloc() {
    if (auto* const thrower = find(&linked_throw, "_ZSt17__throw_bad_allocv")) thrower();
    std::abort();
}

// Calls the new-handler and tries again, until there is memory; null if there is no handler.
using GetNewHandler = std::new_handler();
template <typename Attempt>
void* retry(GetNewHandler* get_new_handler, Attempt attempt) {
    for (;;) {
        const std::new_handler handler = get_new_handler != nullptr ? get_new_handler() : nullptr;
        if (handler == nullptr) return nullptr;
        handler();
        if (void* const block = attempt()) return block;
    }
}

template <typename Attempt>
[[gnu::noinline]] void* insist(Attempt attempt) {
    auto* const get_new_handler = find(&linked_handler, "_ZSt15get_new_handlerv");
    if (void* const block = retry(get_new_handler, attempt)) return block;
    throw_bad_alloc();
}

// Only in a C++ program can the exceptions of a handler be caught here.
template <typename Attempt>
[[gnu::noinline]] void* insist_quietly(Attempt attempt) noexcept {
    try {
        return retry(&linked_handler, attempt);
    } catch (...) {
        return nullptr;
    }
}

using guard::Form;

struct Plain {
    std::size_t size;
    Form form;
    void* operator()() const { return guard::allocate(size, form); }
};

struct Aligned {
    std::size_t size;
    std::align_val_t alignment;
    Form form;
    void* operator()() const {
        const auto bytes = static_cast<std::size_t>(alignment);
        return std::has_single_bit(bytes) ? guard::allocate_aligned(bytes, size, form) : nullptr;
    }
};

constexpr guard::Claim deleted(Form form, std::size_t size = 0, std::align_val_t alignment = {}) {
    return {
        .form = form, .by_operator = true, .size = size, .alignment = static_cast<std::size_t>(alignment)};
}

template <typename Attempt>
[[gnu::always_inline]] inline void* make(Attempt attempt) {
    void* const block = attempt();
    if (block != nullptr) [[likely]]
        return block;
    return insist(attempt);
}

template <typename Attempt>
[[gnu::always_inline]] inline void* make_quietly(Attempt attempt) noexcept {
    void* const block = attempt();
    if (block != nullptr) [[likely]]
        return block;
    return insist_quietly(attempt);
}

} // namespace

#pragma GCC visibility push(default)

void* operator new(std::size_t size) {
    return make(Plain{size, Form::kNew});
}
void* operator new[](std::size_t size) {
    return make(Plain{size, Form::kNewArray});
}
void* operator new(std::size_t size, std::align_val_t a) {
    return make(Aligned{size, a, Form::kNew});
}
void* operator new[](std::size_t size, std::align_val_t a) {
    return make(Aligned{size, a, Form::kNewArray});
}

void* operator new(std::size_t size, const std::nothrow_t& /*quietly*/) noexcept {
    return make_quietly(Plain{size, Form::kNew});
}
void* operator new[](std::size_t size, const std::nothrow_t& /*quietly*/) noexcept {
    return make_quietly(Plain{size, Form::kNewArray});
}
void* operator new(std::size_t size, std::align_val_t a, const std::nothrow_t& /*quietly*/) noexcept {
    return make_quietly(Aligned{size, a, Form::kNew});
}
void* operator new[](std::size_t size, std::align_val_t a, const std::nothrow_t& /*quietly*/) noexcept {
    return make_quietly(Aligned{size, a, Form::kNewArray});
}

void operator delete(void* block) noexcept {
    guard::release(block, deleted(Form::kNew));
}
void operator delete[](void* block) noexcept {
    guard::release(block, deleted(Form::kNewArray));
}
void operator delete(void* block, std::size_t size) noexcept {
    guard::release(block, deleted(Form::kNew, size));
}
void operator delete[](void* block, std::size_t size) noexcept {
    guard::release(block, deleted(Form::kNewArray, size));
}
void operator delete(void* block, std::align_val_t a) noexcept {
    guard::release(block, deleted(Form::kNew, 0, a));
}
void operator delete[](void* block, std::align_val_t a) noexcept {
    guard::release(block, deleted(Form::kNewArray, 0, a));
}
void operator delete(void* block, std::size_t size, std::align_val_t a) noexcept {
    guard::release(block, deleted(Form::kNew, size, a));
}
void operator delete[](void* block, std::size_t size, std::align_val_t a) noexcept {
    guard::release(block, deleted(Form::kNewArray, size, a));
}
void operator delete(void* block, const std::nothrow_t& /*quietly*/) noexcept {
    guard::release(block, deleted(Form::kNew));
}
void operator delete[](void* block, const std::nothrow_t& /*quietly*/) noexcept {
    guard::release(block, deleted(Form::kNewArray));
}
void operator delete(void* block, std::align_val_t a, const std::nothrow_t& /*quietly*/) noexcept {
    guard::release(block, deleted(Form::kNew, 0, a));
}
void operator delete[](void* block, std::align_val_t a, const std::nothrow_t& /*quietly*/) noexcept {
    guard::release(block, deleted(Form::kNewArray, 0, a));
}

#pragma GCC visibility pop
