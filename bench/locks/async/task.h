// SPDX-License-Identifier: MIT
// A coroutine that is never awaited. It starts suspended, its handle is scheduled once, and its frame is
// freed at its end. The coroutine itself has to report its end.
#pragma once

#include <coroutine>
#include <exception>

namespace bench::locks {

struct Task {
    struct promise_type { // NOLINT(readability-identifier-naming): the language's name
        Task get_return_object() { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
        std::suspend_always initial_suspend() noexcept { return {}; }
        std::suspend_never final_suspend() noexcept { return {}; }
        void return_void() {}
        void unhandled_exception() { std::terminate(); }
    };

    std::coroutine_handle<> handle;
};

} // namespace bench::locks
