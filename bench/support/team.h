// SPDX-License-Identifier: MIT
// Threads that work at the same time. Each prepares, waits until all are ready, and works. The work is timed
// from the moment when all are ready to the end of the last thread.
#pragma once

#include "support/mapped_array.h"
#include "support/stopwatch.h"
#include "support/thread.h"

#include <pthread.h>

namespace bench {

template <typename Worker>
struct Member {
    Worker* worker;
    pthread_barrier_t* all_ready;
    pthread_t thread;
};

template <typename Worker>
void* member_body(void* argument) {
    const auto& member = *static_cast<const Member<Worker>*>(argument);
    member.worker->prepare();
    pthread_barrier_wait(member.all_ready);
    member.worker->work();
    return nullptr;
}

// Calls prepare and work of each worker in its own thread. Returns the seconds that the work took.
template <typename Worker>
double time_team(MappedArray<Worker>& workers) {
    pthread_barrier_t all_ready;
    pthread_barrier_init(&all_ready, nullptr, static_cast<unsigned>(workers.size() + 1));
    MappedArray<Member<Worker>> members(workers.size());
    for (std::size_t index = 0; index < workers.size(); ++index) {
        Member<Worker>& member = members[index];
        member = {.worker = &workers[index], .all_ready = &all_ready, .thread = {}};
        member.thread = start_thread(member_body<Worker>, &member);
    }
    pthread_barrier_wait(&all_ready);
    const Stopwatch stopwatch;
    for (const Member<Worker>& member : members) {
        pthread_join(member.thread, nullptr);
    }
    const double seconds = stopwatch.seconds();
    pthread_barrier_destroy(&all_ready);
    return seconds;
}

// Returns the operations of each of `parts` threads, so that all together do at least `operations`.
constexpr std::uint64_t share_of(std::uint64_t operations, std::uint64_t parts) {
    return operations / parts + (operations % parts == 0 ? 0 : 1);
}

} // namespace bench
