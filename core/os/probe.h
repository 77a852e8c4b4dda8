// SPDX-License-Identifier: MIT
//
// Places in slow paths that tools may stop at or count while the program runs (bpftrace, perf, gdb):
// statically defined tracing, provider `ashlar`. Each is one instruction that does nothing and a note in the
// file, as long as no tool is there. Compiled without <sys/sdt.h> they are nothing at all.
//
//   refill(block size, blocks taken)      A thread's cache took blocks from slabs.
//   flush(block size, blocks)             It gives some back.
//   purge(address, bytes)                 Memory went back to the system.
//   grow(address, bytes)                  The heap was extended.
//   fallback(bytes asked for)             The malloc behind is asked for what the heap cannot serve.
#pragma once

#if __has_include(<sys/sdt.h>)
#include <sys/sdt.h>
#define ASHLAR_PROBE1(name, first) STAP_PROBE1(ashlar, name, first)
#define ASHLAR_PROBE2(name, first, second) STAP_PROBE2(ashlar, name, first, second)
#else
#define ASHLAR_PROBE1(name, first) static_cast<void>(first)
#define ASHLAR_PROBE2(name, first, second) (static_cast<void>(first), static_cast<void>(second))
#endif
