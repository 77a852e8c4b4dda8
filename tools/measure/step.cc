// SPDX-License-Identifier: MIT
#include "measure/step.h"

#include "measure/background_run.h"
#include "measure/processes.h"

#include <thread>

namespace ashlar::measure {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kBetweenLooks{100};
constexpr std::chrono::seconds kListensAsServer{3}; // a step may talk to its own server for a moment

constexpr std::chrono::seconds kTimeToListen{1}; // of a daemon, whose parent ends early
constexpr std::chrono::milliseconds kBetweenShortLooks{20};

// Returns whether a remaining process of the step listens, or begins to.
bool leaves_server(pid_t root) {
    const Clock::time_point limit = Clock::now() + kTimeToListen;
    for (auto left = descendants(root); !left.empty() && Clock::now() < limit; left = descendants(root)) {
        if (any_listens(left)) {
            return true;
        }
        std::this_thread::sleep_for(kBetweenShortLooks);
    }
    return false;
}

// Waits for the end of the step. Returns true if it was asked to end because it keeps listening.
bool ended_as_server(const BackgroundRun& step) {
    Clock::time_point silent = Clock::now();
    while (!step.wait_for(kBetweenLooks)) {
        if (!any_listens(step.processes())) {
            silent = Clock::now();
        } else if (Clock::now() - silent >= kListensAsServer) {
            step.ask_to_end();
            return true;
        }
    }
    return false;
}

} // namespace

StepRun run_step(const std::string& command_line, const Supervision& supervision) {
    bool left_server = false;
    const Supervision own{.time_limit = supervision.time_limit,
                          .interrupt = supervision.interrupt,
                          .on_time_out = supervision.on_time_out,
                          .on_command_end = [&](pid_t root) { left_server = leaves_server(root); }};
    BackgroundRun step({.arguments = {"sh", "-c", command_line}, .is_service = true}, own);
    const bool stayed = ended_as_server(step);
    Run run = step.take(); // must precede the read of `left_server`
    return {.run = std::move(run), .is_server = stayed || left_server};
}

} // namespace ashlar::measure
