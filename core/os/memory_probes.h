// SPDX-License-Identifier: MIT
//
// Samples for profilers outside of the process: OpenTelemetry's contract for native heap profiling
// (opentelemetry-ebpf-profiler, design-docs/00003-memory-profiling), which is provisional. The provider is
// `otel_memory`:
//
//   alloc(pointer, size, weight)   A block was sampled. The weight in bytes is the number of points of the
//                                  sampler that lie in the request, times their mean distance.
//   free(pointer)                  A block that was sampled is about to be released.
//
// Each probe has a semaphore, a word that a tracer increments while it is attached. No probe fires while its
// semaphore is 0. A raised semaphore of `alloc` starts sampling, whether or not Ashlar records a profile.
// Each probe is the first instruction of its own function. So tracers may read the arguments where the
// calling convention puts them. Without <sys/sdt.h> there are no probes, and no tracer is ever attached.
#pragma once

#include <cstdint>

#if __has_include(<sys/sdt.h>)
extern "C" {
// Tracers expect these names.
[[gnu::visibility("hidden")]] extern unsigned short otel_memory_alloc_semaphore;
[[gnu::visibility("hidden")]] extern unsigned short otel_memory_free_semaphore;
}
#endif

namespace ashlar::os::memory_probes {

#if __has_include(<sys/sdt.h>)
inline bool wants_alloc() {
    return __atomic_load_n(&otel_memory_alloc_semaphore, __ATOMIC_RELAXED) != 0;
}
inline bool wants_free() {
    return __atomic_load_n(&otel_memory_free_semaphore, __ATOMIC_RELAXED) != 0;
}
#else
constexpr bool wants_alloc() {
    return false;
}
constexpr bool wants_free() {
    return false;
}
#endif

void tell_alloc(const void* pointer, std::uint64_t size, std::uint64_t weight);
void tell_free(const void* pointer);

} // namespace ashlar::os::memory_probes
