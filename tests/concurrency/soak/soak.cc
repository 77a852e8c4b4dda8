// SPDX-License-Identifier: MIT
//
// Everything at once, for a given time. Threads start and end, and release each other's blocks. There are
// large blocks and growing blocks, trims, changes of settings, and meetings at which all threads need the
// same locks. Forked children check all classes and continue with inherited blocks, and some run out of
// memory. Timers interrupt each thread anywhere, and a parent stops single threads and whole processes.
//
// The parent also watches for hangs. A thread hangs if it makes no progress for `--patience` seconds while it
// and all other threads without progress sleep. In any case it hangs after ten times as long. Then the stacks
// of all threads are saved in a file, and everything is ended. Random choices follow from the seed, except
// for the scheduler's.
//
// usage: soak [--seconds N] [--threads N] [--seed N] [--patience N] [--plant-hang] [--expect-ashlar]
#include "board.h"
#include "common/arguments.h"
#include "common/build_kind.h"
#include "common/heap.h"
#include "common/report.h"
#include "watcher.h"
#include "worker.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <random>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

namespace {

using namespace soak;
using common::fail;
using Number = unsigned long long;

void make_board() {
    void* const memory =
        mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) fail("mmap: %s", std::strerror(errno));
    board = new (memory) Board{};
}

pid_t start_worker(const WorkerOptions& options) {
    Place* const place = board->claim();
    const pid_t worker = fork();
    if (worker < 0) fail("fork: %s", std::strerror(errno));
    if (worker == 0) {
        setpgid(0, 0);
        prctl(PR_SET_PDEATHSIG, SIGKILL); // ends with the watcher
        place->occupy();
        work(options);
        std::exit(0);
    }
    setpgid(worker, worker); // in both processes, whichever runs first
    return worker;
}

void print_totals(std::uint64_t seconds) {
    std::array<Number, kActivityNames.size()> done{};
    Number all = 0;
    Number interruptions = 0;
    for (const Place& place : board->places) {
        for (std::size_t i = 0; i < done.size(); i++)
            done[i] += place.done(i);
        all += place.operations();
        interruptions += place.interruptions();
    }
    std::printf("soak: %llu operations in %llu s, none hung:", all, static_cast<Number>(seconds));
    for (std::size_t i = 0; i < done.size(); i++)
        std::printf("%s %llu %s", i == 0 ? "" : ",", done[i], kActivityNames[i]);
    const Disturbances& disturbed = disturbances();
    std::printf("\nsoak: %llu interruptions; stopped: %llu times a thread, %llu a process, %llu everything\n",
                interruptions, static_cast<Number>(disturbed.threads_stopped),
                static_cast<Number>(disturbed.processes_stopped),
                static_cast<Number>(disturbed.groups_stopped));
    if (disturbed.threads_stopped == 0 && disturbed.ptrace_error != 0) {
        std::printf("soak: this system lets no thread be stopped alone: %s\n",
                    std::strerror(disturbed.ptrace_error));
    }
}

} // namespace

int main(int count, char** values) {
    common::Arguments arguments(count, values);
    const std::uint64_t seconds = arguments.number("--seconds", 60);
    const std::uint64_t threads = arguments.number("--threads", common::kSanitized ? 4 : 8);
    const std::uint64_t patience = arguments.number("--patience", common::kSanitized ? 15 : 5);
    common::run_seed = arguments.number("--seed", std::random_device()());
    const bool plant_hang = arguments.flag("--plant-hang");
    if (arguments.flag("--expect-ashlar")) common::heap::require_ashlar();
    arguments.refuse_others();
    if (threads == 0 || threads > 16) {
        std::fputs("--threads is a number from 1 to 16\n", stderr);
        return 2;
    }
    std::printf("soak: %llu threads, %llu s, seed %llu\n", static_cast<Number>(threads),
                static_cast<Number>(seconds), static_cast<Number>(common::run_seed));
    std::fflush(stdout); // otherwise exiting children print it again

    make_board();
    prctl(PR_SET_CHILD_SUBREAPER, 1); // to see the end of all descendants
    const pid_t worker = start_worker({.threads = static_cast<unsigned>(threads), .plant_hang = plant_hang});
    if (!watch(worker,
               {.seconds = static_cast<unsigned>(seconds), .patience = static_cast<unsigned>(patience)}))
        return 1;
    print_totals(seconds);
}
