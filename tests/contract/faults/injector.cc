// SPDX-License-Identifier: MIT
#include "injector.h"

#include "common/random.h"

#include <cstdlib>
#include <sys/mman.h>
#include <unistd.h>

namespace faults {

namespace {

constinit Sheet nothing_fails;
constinit thread_local std::uint64_t failed_here = 0;
constinit thread_local unsigned exempt = 0;
constinit thread_local bool spared = false; // the next call is exempt

Sheet& open_sheet() {
    const char* const descriptor = std::getenv(kSheetVariable);
    if (descriptor == nullptr) return nothing_fails;
    const Exempt not_ours; // the C library's mmap, not the library's
    void* const shared =
        mmap(nullptr, sizeof(Sheet), PROT_READ | PROT_WRITE, MAP_SHARED, std::atoi(descriptor), 0);
    return shared == MAP_FAILED ? nothing_fails : *static_cast<Sheet*>(shared);
}

std::uint64_t chance(std::uint64_t seed, std::uint64_t number) {
    return common::Random(seed * 0x10001 + number).next();
}

bool fails(const Plan& plan, std::uint64_t number) {
    if (number >= plan.first && number - plan.first < plan.count) return true;
    return plan.per_million != 0 && chance(plan.seed, number) % kCertain < plan.per_million;
}

Failure choose(const Plan& plan, const CallKind& kind, std::uint64_t number) {
    unsigned known = 0;
    while (known < kind.failures.size() && kind.failures[known].error != 0)
        ++known;
    if (plan.failure == kAnyFailure) {
        const Failure any = kind.failures[chance(plan.seed + 1, number) % known];
        return {any.error, any.unmaps && plan.unmaps};
    }
    if (plan.failure >= known) _exit(kNoSuchFailure);
    return kind.failures[plan.failure];
}

} // namespace

// The library's constructor makes the first call, while there is one thread.
Sheet& sheet() {
    static constinit Sheet* opened = nullptr;
    if (opened == nullptr) opened = &open_sheet();
    return *opened;
}

Failure decide(Call call) {
    if (exempt != 0) return {};
    Sheet& s = sheet();
    s.calls_of[static_cast<std::size_t>(call)].fetch_add(1, std::memory_order_relaxed);
    if ((s.plan.calls >> static_cast<unsigned>(call) & 1) == 0) return {};
    const std::uint64_t number = s.calls.fetch_add(1, std::memory_order_relaxed);
    const bool now = !s.over.load(std::memory_order_relaxed) && !spared && fails(s.plan, number);
    spared = false;
    if (!now) return {};
    const Failure failure = choose(s.plan, kind_of(call), number);
    spared = failure.unmaps;
    s.last_call.store(static_cast<unsigned>(call), std::memory_order_relaxed);
    s.last_error.store(failure.error, std::memory_order_relaxed);
    s.failures.fetch_add(1, std::memory_order_relaxed);
    ++failed_here;
    return failure;
}

std::uint64_t failures_here() {
    return failed_here;
}

Exempt::Exempt() {
    ++exempt;
}

Exempt::~Exempt() {
    --exempt;
}

} // namespace faults
