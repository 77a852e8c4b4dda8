// SPDX-License-Identifier: MIT
//
// What stands between the names that programs call and the heap. The default build has nothing there: the
// functions of the heap under this namespace's name, at no cost. A build for tools that watch memory tells
// them where each block ends.
#pragma once

#include "os/marking.h"

#if defined(ASHLAR_MARKING)
#include "guard/marked.h"
#else
#include "guard/plain.h"
#endif
