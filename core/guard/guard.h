// SPDX-License-Identifier: MIT
//
// The policy between the names that programs call and the heap. The default library has none: the heap's
// functions have another name here, at no cost. The hardened library has its own policy. A build for tools
// that watch memory tells them where each block ends.
// Callers also pass the form of a request, and claims of a release (form.h).
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
