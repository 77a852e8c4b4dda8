// SPDX-License-Identifier: MIT
//
// Which process and thread this is, for those who read a message. The numbers are the kernel's, by a system
// call each.
#pragma once

#include <cstdint>
#include <string_view>

namespace ashlar::os {

// With the arguments of main, at start. They lie where the main thread's stack begins.
void remember_arguments(const char* const* arguments);
// Null before that.
const void* start_of_stack();
// The first of the arguments; empty before that. Its memory stays, whatever the program does with it.
std::string_view program_name();

std::uint64_t process_id();
std::uint64_t thread_id();

} // namespace ashlar::os
