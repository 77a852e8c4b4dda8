// SPDX-License-Identifier: MIT
#include "os/process.h"

#include "os/system_call.h"

#include <cstring>
#include <sys/syscall.h>

namespace ashlar::os {

namespace {

constinit const void* stack = nullptr;
constinit const char* name = nullptr;

} // namespace

[[gnu::cold]] void remember_arguments(const char* const* arguments) {
    stack = arguments;
    name = arguments[0]; // null if there are none
}

const void* start_of_stack() {
    return stack;
}

std::string_view program_name() {
    return name != nullptr ? std::string_view(name, std::strlen(name)) : std::string_view();
}

std::uint64_t process_id() {
    return static_cast<std::uint64_t>(system_call(SYS_getpid));
}

std::uint64_t thread_id() {
    return static_cast<std::uint64_t>(system_call(SYS_gettid));
}

} // namespace ashlar::os
