// SPDX-License-Identifier: MIT
// For the probes in this file. NOLINTNEXTLINE(bugprone-reserved-identifier,readability-identifier-naming)
#define _SDT_HAS_SEMAPHORES 1

#include "os/memory_probes.h"

#if __has_include(<sys/sdt.h>)
#include <sys/sdt.h>

// Tracers write these while they are attached, from outside of the process.
extern "C" {
[[gnu::section(".probes"), gnu::used]] unsigned short otel_memory_alloc_semaphore = 0;
[[gnu::section(".probes"), gnu::used]] unsigned short otel_memory_free_semaphore = 0;
}

namespace ashlar::os::memory_probes {

[[gnu::noinline]] void tell_alloc(const void* pointer, std::uint64_t size, std::uint64_t weight) {
    STAP_PROBE3(otel_memory, alloc, pointer, size, weight);
}

[[gnu::noinline]] void tell_free(const void* pointer) {
    STAP_PROBE1(otel_memory, free, pointer);
}

} // namespace ashlar::os::memory_probes

#else

namespace ashlar::os::memory_probes {

void tell_alloc(const void* /*pointer*/, std::uint64_t /*size*/, std::uint64_t /*weight*/) {}
void tell_free(const void* /*pointer*/) {}

} // namespace ashlar::os::memory_probes

#endif
