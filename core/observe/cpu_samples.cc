// SPDX-License-Identifier: MIT
#include "observe/cpu_samples.h"

#include "observe/cpu_sampler.h"
#include "observe/recording.h"
#include "os/clock.h"

#include <algorithm>
#include <atomic>
#include <cstdint>

namespace ashlar::observe::cpu_samples {

namespace {

using recording::file;
using Kind = RecordFile::Kind;

constexpr auto kRelaxed = std::memory_order_relaxed;

constinit std::atomic<std::uint64_t> base{0};    // ns of CPU time before the file began
constinit std::atomic<std::uint64_t> written{0}; // ns of CPU time in the last record
constinit std::atomic<std::uint64_t> lost{0};    // samples

void write_time() {
    const std::uint64_t used = cpu_sampler::used();
    written.store(used, kRelaxed);
    profile_format::CpuTime time{};
    time.time = os::monotonic_time();
    time.used = used - std::min(used, base.load(kRelaxed));
    time.lost = lost.load(kRelaxed);
    time.unwatched = cpu_sampler::unwatched();
    time.microseconds = cpu_sampler::microseconds();
    time.state = static_cast<profile_format::CpuState>(cpu_sampler::state());
    file.append(Kind::kCpuTime, {&time, sizeof(time)});
}

// Runs in a signal handler, which may have interrupted malloc or a write to this file.
void record(const void* context, std::uint64_t microseconds) {
    if (!recording::is_recording() || file.is_full() || file.is_inherited()) return;
    profile_format::Cpu sample{};
    sample.time = os::monotonic_time();
    sample.microseconds = static_cast<std::uint32_t>(microseconds);
    CallerStack caller;
    if (caller.unwind_from(context)) {
        sample.stack = recording::number_of(caller, sample.time);
        sample.where = caller.leads_through_library() ? 1 : 0;
    }
    sample.thread = recording::number_of_thread();
    if (sample.stack == 0 || !file.append(Kind::kCpu, {&sample, sizeof(sample)})) lost.fetch_add(1, kRelaxed);
}

} // namespace

void begin(std::size_t hertz, void (*watch)()) {
    if (hertz == 0) return;
    base.store(cpu_sampler::used(), kRelaxed);
    lost.store(0, kRelaxed);
    cpu_sampler::start(hertz, {record, watch});
    write_time();
}

void end() {
    if (cpu_sampler::state() == cpu_sampler::State::kOff) return;
    write_time();
    cpu_sampler::stop();
}

void watch() {
    if (!recording::is_recording()) return;
    const bool changed = cpu_sampler::state() != cpu_sampler::State::kSamples;
    if (changed || cpu_sampler::used() - written.load(kRelaxed) >= recording::kSecond) write_time();
}

} // namespace ashlar::observe::cpu_samples
