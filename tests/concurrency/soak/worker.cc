// SPDX-License-Identifier: MIT
#include "worker.h"

#include "board.h"
#include "common/heap.h"
#include "common/report.h"
#include "common/thread.h"
#include "interruptions.h"
#include "life.h"
#include "meeting.h"

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <deque>
#include <memory>
#include <optional>
#include <semaphore.h>
#include <unistd.h>

namespace soak {

using common::fail;

namespace {

constexpr std::uint64_t kLongestLife = 50000; // in steps
constexpr long kRound = 100'000'000;          // nanoseconds between two counts of the main thread, at most

sem_t ended; // every thread posts it at its end

struct Resident {
    pthread_t thread{};
    Place* place = nullptr;
    std::uint64_t number = 0; // its seed follows from it
    bool hangs = false;
    std::atomic<bool> over{false};
};

[[gnu::noinline]] void hang_for_ever() {
    my_place->begin(Activity::kCheck);
    for (;;)
        pause();
}

void* live_as_resident(void* argument) {
    auto& resident = *static_cast<Resident*>(argument);
    resident.place->occupy();
    common::current_thread = static_cast<unsigned>(resident.number);
    common::Random random(common::run_seed * 1000003 + resident.number);
    const std::optional<Interruptions> interruptions = perhaps_interrupted(random);
    // On the heap, not on the stack. A child that a guest forks starts threads. The C library gives them the
    // stacks of threads missing in the child, including this one's.
    const auto life = std::make_unique<Life>(random.next());
    if (resident.hangs) {
        life->live(1000);
        hang_for_ever();
    }
    // Most lives are short.
    life->live(1 + random.below(1 + random.below(kLongestLife)));
    life->leave();
    resident.over = true;
    sem_post(&ended);
    return nullptr;
}

void start(Resident& resident, std::uint64_t number) {
    resident.place = board->claim();
    if (resident.place == nullptr) fail("no place is left");
    resident.number = number;
    resident.over = false;
    resident.thread = common::start_thread(live_as_resident, &resident);
}

void join(Resident& resident) {
    {
        const WaitingForAnother waiting;
        common::join_thread(resident.thread);
    }
    resident.place->give_back();
}

void wait_for_an_end() {
    timespec until{};
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += kRound;
    if (until.tv_nsec >= 1'000'000'000) {
        until.tv_sec++;
        until.tv_nsec -= 1'000'000'000;
    }
    if (sem_timedwait(&ended, &until) != 0 && errno != ETIMEDOUT && errno != EINTR) {
        fail("sem_timedwait: %s", std::strerror(errno));
    }
}

// Returns the bytes that the program holds. In the preloaded library other code holds some too.
std::size_t bytes_in_use() {
    return common::heap::kPlainNames ? 0 : common::heap::statistics().allocated;
}

} // namespace

void work(const WorkerOptions& options) {
    install_interruption_handler();
    sem_init(&ended, 0, 0);
    const std::size_t before = bytes_in_use();
    std::deque<Resident> residents(options.threads);
    residents.front().hangs = options.plant_hang;
    std::uint64_t number = 0;
    common::Random random(common::run_seed);
    for (Resident& resident : residents)
        start(resident, number++);
    while (!board->stopping) {
        my_place->begin(Activity::kOversee);
        hold_meetings(random);
        wait_for_an_end();
        for (Resident& resident : residents) {
            if (!resident.over) continue;
            join(resident);
            start(resident, number++);
        }
        my_place->done();
    }
    for (Resident& resident : residents)
        join(resident);
    release_passed_on();
    clear_meeting();
    common::heap::trim(0);
    if (bytes_in_use() != before) fail("%zu bytes in use, %zu before", bytes_in_use(), before);
    my_place->begin(Activity::kEnd);
    my_place->done();
}

} // namespace soak
