// SPDX-License-Identifier: MIT
//
// Places in slow paths at which tools may stop or count while the program runs (bpftrace, perf, gdb):
// statically defined tracing, provider `ashlar`. While no tool is attached, a probe is one instruction
// without effect, and a note in the file. Without <sys/sdt.h> there are no probes.
//
//   refill(block size, blocks taken)      A thread's cache takes blocks from slabs.
//   flush(block size, blocks)             A thread's cache returns blocks to slabs.
//   purge(address, bytes)                 Memory was returned to the system.
//   grow(address, bytes)                  The heap was extended.
//   fallback(bytes asked for)             The next malloc is asked for a block that the heap cannot serve.
#pragma once

#if __has_include(<sys/sdt.h>)
#include <sys/sdt.h>
#define ASHLAR_PROBE1(name, first) STAP_PROBE1(ashlar, name, first)
#define ASHLAR_PROBE2(name, first, second) STAP_PROBE2(ashlar, name, first, second)
#else
#define ASHLAR_PROBE1(name, first) static_cast<void>(first)
#define ASHLAR_PROBE2(name, first, second) (static_cast<void>(first), static_cast<void>(second))
#endif
