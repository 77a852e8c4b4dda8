// SPDX-License-Identifier: MIT
//
// Start, fork and exit. Other libraries' constructors and allocators call wrappers before this library's
// constructor. The wrappers then find the next functions, and only forward.
#include "locks/delayed_code.h"
#include "locks/hold.h"
#include "locks/next.h"
#include "locks/settings.h"
#include "os/first_objects.h"
#include "os/message.h"
#include "os/process.h"

#include <cstring>
#include <string_view>
#include <utility>

extern "C" {
// Called by pthread_atfork, which is itself linked in statically, with the compiler's start files.
int __register_atfork(void (*prepare)(), void (*parent)(), void (*child)(), void* dso);
}

namespace ashlar::locks {

namespace {

constinit std::atomic<bool> started{false};

Mode mode_when_on() {
    return has_delayed_code() ? Mode::kDelaying : Mode::kOn;
}

// Starts no file in the child until it takes a lock. A child that only calls exec thus leaves no file.
void begin_child() {
    const Mode now = mode.load(std::memory_order_relaxed);
    if (now != Mode::kOn && now != Mode::kDelaying) return;
    mode.store(Mode::kForked, std::memory_order_relaxed);
    this_thread.top_at_fork = std::exchange(this_thread.top, 0); // the rows are the parent's
}

std::string_view variable(char** environment, std::string_view name) {
    for (char** entry = environment; entry != nullptr && *entry != nullptr; ++entry) {
        const char* const text = *entry;
        if (std::strncmp(text, name.data(), name.size()) == 0 && text[name.size()] == '=')
            return text + name.size() + 1;
    }
    return {};
}

[[gnu::constructor(102)]] void start(int /*count*/, char** arguments, char** environment) {
    find_next_functions();
    os::remember_arguments(arguments);
    os::remember_first_objects();
    read_settings(variable(environment, "ASHLAR_LOCKS"));
    prepare_threads();
    const bool records = settings.enabled && recording.open();
    if (records) __register_atfork(nullptr, nullptr, begin_child, nullptr);
    mode.store(records ? mode_when_on() : Mode::kOff, std::memory_order_release);
    started.store(true, std::memory_order_release);
}

[[gnu::destructor(102)]] void end() {
    if (mode.load(std::memory_order_relaxed) == mode_when_on()) recording.close();
}

} // namespace

[[gnu::noinline, gnu::cold]] bool start_recording() {
    if (mode.load(std::memory_order_acquire) == Mode::kEarly) {
        find_next_functions();
        return false;
    }
    Thread& thread = this_thread;
    const Inside inside(thread);
    if (!inside) return false;
    Mode forked = Mode::kForked;
    if (!mode.compare_exchange_strong(forked, Mode::kOff, std::memory_order_relaxed)) return false;
    if (!recording.continue_in_child()) return false;
    // The thread has a new number in the kernel, and still holds its locks.
    thread.top = std::exchange(thread.top_at_fork, 0);
    thread.number = 0;
    thread.row = nullptr;
    introduce(thread);
    for (std::uint32_t place = 1; place <= thread.top; ++place)
        if ((thread.held[place].since & Held::kReader) == 0) thread.held[place].row->holder = thread.number;
    mode.store(mode_when_on(), std::memory_order_relaxed);
    return true;
}

} // namespace ashlar::locks
