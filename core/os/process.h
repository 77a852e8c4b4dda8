// SPDX-License-Identifier: MIT
//
// Identifies this process and thread, for messages. Each number is the kernel's, by one system call.
#pragma once

#include <cstdint>
#include <string_view>

namespace ashlar::os {

// Remembers the arguments of main at start. They lie where the main thread's stack begins.
void remember_arguments(const char* const* arguments);
// Returns null before remember_arguments().
const void* start_of_stack();
// Returns the first argument, empty before remember_arguments(). Its memory is never released.
std::string_view program_name();

std::uint64_t process_id();
std::uint64_t thread_id();

} // namespace ashlar::os
