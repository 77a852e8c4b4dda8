// SPDX-License-Identifier: MIT
#include "observe/heap_samples.h"

#include "observe/poisson.h"
#include "observe/profile_marks.h"
#include "observe/recording.h"
#include "observe/sampler.h"
#include "os/clock.h"
#include "os/config.h"
#include "os/memory_probes.h"
#include "os/process.h"

#include <atomic>
#include <ctime>

namespace ashlar::observe::heap_samples {

namespace {

using heap::sampling::Facts;
using recording::file;
using recording::totals;
using Kind = RecordFile::Kind;

constexpr auto kRelaxed = std::memory_order_relaxed;
constexpr std::size_t kDefaultRate = std::size_t{512} << 10;

constinit std::atomic<std::size_t> rate{0}; // least mean distance of samples, bytes; 0: no file yet
constinit std::atomic<std::size_t> cost{0}; // CPU time that samples may take, percent
// The distance that a thread chose last in this period. Other threads begin with it.
constinit std::atomic<std::size_t> last_distance{0};

// Samples that are in no file, and were only reported to a profiler outside of the process.
constinit std::atomic<std::uint64_t> told{0};

struct Thread {
    Sampler sampler;
    std::uint32_t period = 0; // period in which the thread counts; 0: none
};
constinit thread_local Thread this_thread;

std::uint64_t processor_time() {
    timespec time{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<std::uint64_t>(time.tv_sec) * recording::kSecond +
           static_cast<std::uint64_t>(time.tv_nsec);
}

constexpr Sampler::Clocks kClocks{os::monotonic_time, processor_time};

std::size_t distance_by_settings() {
    const std::size_t bytes = os::settings.profile.load(kRelaxed);
    return bytes != 0 ? bytes : kDefaultRate;
}

std::size_t cost_bound() {
    return rate.load(kRelaxed) != 0 ? cost.load(kRelaxed) : os::settings.profile_cost.load(kRelaxed);
}

void join_period(std::uint32_t period) {
    Thread& thread = this_thread;
    if (thread.period == 0) {
        thread.sampler.seed(os::thread_id() << 32 ^ os::monotonic_time() % recording::kSecond ^
                            reinterpret_cast<std::uintptr_t>(&thread) << 16);
    }
    thread.period = period;
    thread.sampler.begin(least_distance(), last_distance.load(kRelaxed), cost_bound(), kClocks);
}

// Returns the number of the stack that asked for memory, or 0.
[[gnu::noinline]] std::uint32_t number_of_stack(std::uint64_t time) {
    CallerStack caller;
    return caller.unwind() ? recording::number_of(caller, time) : 0;
}

// Returns the weight that the contract of memory_probes.h defines.
std::uint64_t weight_by_points(std::size_t size) {
    Sampler& sampler = this_thread.sampler;
    const std::size_t mean = sampler.distance_of_sample();
    return mean == 1 ? size : sampler.points_in_sample(size) * mean;
}

Facts write_sample(const void* block, std::size_t size, std::size_t usable) {
    const std::uint64_t time = os::monotonic_time();
    const Weight weight = weight_of(size, this_thread.sampler.distance_of_sample());
    const std::uint64_t allocated = totals.allocated.fetch_add(weight.bytes, kRelaxed) + weight.bytes;
    Facts facts{totals.samples.fetch_add(1, kRelaxed) + 1, time, size, weight.bytes, weight.blocks};
    profile_format::Allocate sample{};
    sample.sample = facts.id;
    sample.time = time;
    sample.address = reinterpret_cast<std::uintptr_t>(block);
    sample.size = size;
    sample.usable = usable;
    sample.weight = weight.bytes;
    sample.blocks = weight.blocks;
    sample.allocated = allocated;
    sample.stack = number_of_stack(time);
    sample.thread = recording::number_of_thread();
    sample.distance = this_thread.sampler.distance_of_sample();
    if (sample.stack == 0 || !file.append(Kind::kAllocate, {&sample, sizeof(sample)})) {
        file.count_lost();
        facts.id = 0;
        return facts;
    }
    totals.live.fetch_add(weight.bytes, kRelaxed);
    recording::write_what_is_due(time);
    return facts;
}

} // namespace

std::size_t begin(std::size_t distance) {
    const std::size_t bytes = distance != 0 ? distance : distance_by_settings();
    rate.store(bytes, kRelaxed);
    cost.store(os::settings.profile_cost.load(kRelaxed), kRelaxed);
    last_distance.store(0, kRelaxed);
    return bytes;
}

std::size_t least_distance() {
    const std::size_t bytes = rate.load(kRelaxed);
    return bytes != 0 ? bytes : distance_by_settings();
}

bool allow_unwatched() {
    this_thread.period = 0;
    cache::my_stacks().allow_bytes(heap::sampling::kUnwatched);
    return false;
}

bool is_point(std::size_t size) {
    if (const std::uint32_t period = recording::period(); this_thread.period != period) join_period(period);
    Sampler& sampler = this_thread.sampler;
    cache::PointerStacks& mine = cache::my_stacks();
    const std::size_t before = sampler.distance();
    const bool is_sample = sampler.reaches_point(size, mine.excess_bytes());
    if (sampler.distance() != before) last_distance.store(sampler.distance(), kRelaxed);
    if (sampler.allows_requests()) {
        mine.allow_bytes(sampler.allowance());
    } else {
        mine.allow_no_request();
    }
    return is_sample;
}

Facts record(const void* block, std::size_t size, std::size_t usable) {
    const Facts facts = recording::is_recording()
                            ? write_sample(block, size, usable)
                            : Facts{kInNoFile | (told.fetch_add(1, kRelaxed) + 1), 0, size, 0, 0};
    if (os::memory_probes::wants_alloc()) [[unlikely]]
        os::memory_probes::tell_alloc(block, size, weight_by_points(size));
    this_thread.sampler.finish_sample();
    return facts;
}

void lose(std::size_t size) {
    totals.allocated.fetch_add(weight_of(size, this_thread.sampler.distance_of_sample()).bytes, kRelaxed);
    file.count_lost();
}

void record_end(const Facts& facts) {
    if ((facts.id & kInNoFile) != 0) return;
    if (facts.id <= totals.base.load(kRelaxed) || file.is_inherited()) return; // another file's sample
    totals.live.fetch_sub(facts.weight, kRelaxed);
    const profile_format::Free end{facts.id, os::monotonic_time(), totals.allocated.load(kRelaxed),
                                   recording::present_number(), 0};
    file.append(Kind::kFree, {&end, sizeof(end)});
}

void survive_fork() {
    this_thread.period = 0;
}

} // namespace ashlar::observe::heap_samples
