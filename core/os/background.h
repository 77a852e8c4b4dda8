// SPDX-License-Identifier: MIT
//
// A thread of the library's own that calls a function once every purge delay, as long as there is something
// to do. If it has a chore, it does that once every second and when it is asked to.
#pragma once

namespace ashlar::os {

// False: nothing is left to do until the thread is woken.
using BackgroundFunction = bool (*)();

// Starts the thread unless that was tried before. It has all signals blocked. pthread_create allocates. So
// this is called without a lock, where memory is allocated. Where it is released, the C library may hold a
// lock that pthread_create wants.
void start_background(BackgroundFunction function);
// False if there is no thread.
bool wake_background();

// To be set before the thread starts. `called`: because somebody asked for it.
using Chore = void (*)(bool called);
void set_background_chore(Chore chore);
// Asks for the chore now, a second later at most. Also for signal handlers that interrupted anything.
void call_background();

// In a forked child, which does not have the thread.
void forget_background();

} // namespace ashlar::os
