// SPDX-License-Identifier: MIT
#include "interruptions.h"

#include "common/build_kind.h"
#include "common/report.h"

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <sched.h>
#include <unistd.h>

namespace soak {

namespace {

constexpr long kMicrosecond = 1000;

int interruption_signal() {
    return SIGRTMIN + 4;
}

extern "C" void interrupt(int) {
    const int saved = errno;
    if (my_place != nullptr) {
        my_place->note_interruption();
        // Takes its random choice from the count, because a generator's state could be in the middle of a
        // change.
        const std::uint64_t fate = common::Random(my_place->interruptions()).next();
        if (fate % 8 == 0) sched_yield();
        if (fate % 64 == 1) {
            const timespec moment{0, static_cast<long>(fate % 1000) * kMicrosecond};
            nanosleep(&moment, nullptr);
        }
    }
    errno = saved;
}

} // namespace

void install_interruption_handler() {
    struct sigaction action = {};
    action.sa_handler = interrupt;
    action.sa_flags = SA_RESTART;
    if (sigaction(interruption_signal(), &action, nullptr) != 0) {
        common::fail("sigaction: %s", std::strerror(errno));
    }
}

Interruptions::Interruptions(common::Random& random) {
    sigevent event = {};
    event.sigev_notify = SIGEV_THREAD_ID;
    event.sigev_signo = interruption_signal();
    event._sigev_un._tid = gettid(); // glibc 2.36 has no other name for the field
    if (timer_create(CLOCK_MONOTONIC, &event, &timer_) != 0) {
        common::fail("timer_create: %s", std::strerror(errno));
    }
    const long least = common::kSanitized ? 5000 : 300; // in microseconds; a sanitizer's handler costs more
    const timespec interval{
        0, (least + static_cast<long>(random.below(static_cast<std::size_t>(least) * 10))) * kMicrosecond};
    const itimerspec schedule{interval, interval};
    if (timer_settime(timer_, 0, &schedule, nullptr) != 0) {
        common::fail("timer_settime: %s", std::strerror(errno));
    }
}

Interruptions::~Interruptions() {
    timer_delete(timer_);
}

} // namespace soak
