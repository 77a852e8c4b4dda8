// SPDX-License-Identifier: MIT
//
// What stands between the names that programs call and the heap. The default library has nothing there: the
// functions of the heap under this namespace's name, at no cost. The hardened library has a policy there, and
// a build for tools that watch memory tells them where each block ends.
//
// Callers also say in which form a block was asked for, and what whoever releases it says about it (form.h).
#pragma once

#include "os/edition.h"
#include "os/marking.h"

#if defined(ASHLAR_HARDENED)
#include "guard/hardened.h"
#elif defined(ASHLAR_MARKING)
#include "guard/watched.h"
#else
#include "guard/plain.h"
#endif
