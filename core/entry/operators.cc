// SPDX-License-Identifier: MIT
//
// The twenty replaceable forms of operator new and delete.
//
// If memory is short, new calls the new-handler until there is memory or no handler, and then throws. The
// nothrow forms catch what a handler throws and return null. Handler and exception are those of the caller's
// C++ library. A process may have several, for example one in a plug-in of a C program. So this library
// depends on none and has neither try nor throw. It finds the caller's C++ library by the caller's address.
// To throw, it calls that library's operator new with an impossible size.
#include "entry/program_malloc.h"
#include "guard/guard.h"
#include "os/loaded_object.h"

#include <bit>
#include <cstdlib>
#include <dlfcn.h>
#include <link.h>
#include <new>

using namespace ashlar; // NOLINT(google-build-using-namespace): this file is names, nothing else
using entry::ProgramOrHeap;

namespace {

// Returns a function of the C++ library that `caller` uses, or null. After a tail call of new, `caller` lies
// in another object, so all libraries are searched at last. Takes the dynamic loader's lock, and a thread
// that waits for this one may hold it. So it is called only when memory is short.
template <typename Function>
Function* find(const void* caller, const char* mangled) {
    void* found = nullptr;
    if (link_map* const object = os::object_around(caller)) found = os::find_in_object(object, mangled);
    if (found == nullptr) found = os::find_elsewhere(RTLD_NEXT, mangled);
    link_map* other = os::own_object();
    while (other != nullptr && other->l_prev != nullptr)
        other = other->l_prev;
    for (; found == nullptr && other != nullptr; other = other->l_next)
        found = os::find_in_object(other, mangled);
    return reinterpret_cast<Function*>(found);
}

std::new_handler handler_of(const void* caller) {
    auto* const get = find<std::new_handler()>(caller, "_ZSt15get_new_handlerv");
    return get != nullptr ? get() : nullptr;
}

// Ends a process without a C++ library, because it cannot catch an exception.
[[noreturn]] void throw_bad_alloc(const void* caller) {
    if (auto* const make = find<void*(std::size_t)>(caller, "_Znwm")) make(~std::size_t{0} / 2);
    std::abort();
}

constexpr std::nothrow_t kNothrow{}; // std::nothrow is in the C++ library

template <typename Attempt>
[[gnu::noinline]] void* insist(Attempt attempt, const void* caller) {
    if (void* const block = attempt.slow()) return block;
    while (const std::new_handler handler = handler_of(caller)) {
        handler();
        if (void* const block = attempt()) return block;
    }
    throw_bad_alloc(caller);
}

// Calls the C++ library's nothrow form. That form calls the throwing one here and catches its exception.
template <typename Attempt>
[[gnu::noinline]] void* insist_quietly(Attempt attempt, const void* caller) noexcept {
    if (void* const block = attempt.slow()) return block;
    if (handler_of(caller) == nullptr) return nullptr;
    return attempt.quietly_by_library(caller);
}

using guard::Form;

// The first attempt has two parts: if fast() returns null, slow() is called.
struct Plain {
    std::size_t size;
    Form form;
    void* fast() const { return ProgramOrHeap::allocate_fast(size); }
    void* slow() const { return ProgramOrHeap::allocate_slow(size, form); }
    void* operator()() const { return ProgramOrHeap::allocate(size, form); }
    void* quietly_by_library(const void* caller) const {
        using New = void*(std::size_t, const std::nothrow_t&);
        auto* const make =
            find<New>(caller, form == Form::kNew ? "_ZnwmRKSt9nothrow_t" : "_ZnamRKSt9nothrow_t");
        return make != nullptr ? make(size, kNothrow) : nullptr;
    }
};

struct Aligned {
    std::size_t size;
    std::align_val_t alignment;
    Form form;
    static void* fast() { return nullptr; }
    void* slow() const { return (*this)(); }
    void* operator()() const {
        const auto bytes = static_cast<std::size_t>(alignment);
        return std::has_single_bit(bytes) ? ProgramOrHeap::allocate_aligned(bytes, size, form) : nullptr;
    }
    void* quietly_by_library(const void* caller) const {
        using New = void*(std::size_t, std::align_val_t, const std::nothrow_t&);
        auto* const make = find<New>(caller, form == Form::kNew ? "_ZnwmSt11align_val_tRKSt9nothrow_t"
                                                                : "_ZnamSt11align_val_tRKSt9nothrow_t");
        return make != nullptr ? make(size, alignment, kNothrow) : nullptr;
    }
};

constexpr guard::Claim deleted(Form form, std::size_t size = 0, std::align_val_t alignment = {}) {
    return {
        .form = form, .by_operator = true, .size = size, .alignment = static_cast<std::size_t>(alignment)};
}

template <typename Attempt>
[[gnu::always_inline]] inline void* make(Attempt attempt) {
    if (void* const block = attempt.fast()) [[likely]]
        return block;
    return insist(attempt, __builtin_return_address(0));
}

template <typename Attempt>
[[gnu::always_inline]] inline void* make_quietly(Attempt attempt) noexcept {
    if (void* const block = attempt.fast()) [[likely]]
        return block;
    return insist_quietly(attempt, __builtin_return_address(0));
}

} // namespace

#pragma GCC visibility push(default)

// The four most used forms begin on a cache line, like malloc and free.

[[gnu::aligned(64)]] void* operator new(std::size_t size) {
    return make(Plain{size, Form::kNew});
}
[[gnu::aligned(64)]] void* operator new[](std::size_t size) {
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

[[gnu::aligned(64)]] void operator delete(void* block) noexcept {
    ProgramOrHeap::release(block, deleted(Form::kNew));
}
void operator delete[](void* block) noexcept {
    ProgramOrHeap::release(block, deleted(Form::kNewArray));
}
[[gnu::aligned(64)]] void operator delete(void* block, std::size_t size) noexcept {
    ProgramOrHeap::release(block, deleted(Form::kNew, size));
}
void operator delete[](void* block, std::size_t size) noexcept {
    ProgramOrHeap::release(block, deleted(Form::kNewArray, size));
}
void operator delete(void* block, std::align_val_t a) noexcept {
    ProgramOrHeap::release(block, deleted(Form::kNew, 0, a));
}
void operator delete[](void* block, std::align_val_t a) noexcept {
    ProgramOrHeap::release(block, deleted(Form::kNewArray, 0, a));
}
void operator delete(void* block, std::size_t size, std::align_val_t a) noexcept {
    ProgramOrHeap::release(block, deleted(Form::kNew, size, a));
}
void operator delete[](void* block, std::size_t size, std::align_val_t a) noexcept {
    ProgramOrHeap::release(block, deleted(Form::kNewArray, size, a));
}
void operator delete(void* block, const std::nothrow_t& /*quietly*/) noexcept {
    ProgramOrHeap::release(block, deleted(Form::kNew));
}
void operator delete[](void* block, const std::nothrow_t& /*quietly*/) noexcept {
    ProgramOrHeap::release(block, deleted(Form::kNewArray));
}
void operator delete(void* block, std::align_val_t a, const std::nothrow_t& /*quietly*/) noexcept {
    ProgramOrHeap::release(block, deleted(Form::kNew, 0, a));
}
void operator delete[](void* block, std::align_val_t a, const std::nothrow_t& /*quietly*/) noexcept {
    ProgramOrHeap::release(block, deleted(Form::kNewArray, 0, a));
}

#pragma GCC visibility pop
