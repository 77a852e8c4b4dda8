// SPDX-License-Identifier: MIT
//
// A request of another process (`ashlar profile --pid`) to the profiler. That process writes plain memory
// while this process runs, in the order of ashlar/statistics_layout.h. No code here relies on a complete
// request. Every number is possible, and texts are cut at their arrays' ends.
#pragma once

#include <ashlar/statistics_layout.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ashlar::observe::profiler {

class OutsideRequests {
  public:
    // Returns whether there is a request without an answer.
    bool has_new() const { return number() != __atomic_load_n(&last_answer.number, __ATOMIC_RELAXED); }
    std::uint32_t number() const { return __atomic_load_n(&request.number, __ATOMIC_ACQUIRE); }
    // 0 and an empty place mean the settings.
    std::size_t rate() const { return __atomic_load_n(&request.rate, __ATOMIC_RELAXED); }
    std::size_t limit() const { return __atomic_load_n(&request.limit, __ATOMIC_RELAXED); }
    std::size_t cpu() const { return __atomic_load_n(&request.cpu, __ATOMIC_RELAXED); }
    std::string_view place() const;

    // Answers with the file that was begun. `number` is the request's, or 0 for none. One thread at a time.
    void answer(std::uint32_t number, int error, std::string_view path);
    bool is_for_another() const { return __atomic_load_n(&last_answer.asked, __ATOMIC_RELAXED) != 0; }
    // Drops the parent's request in a forked child.
    void drop();

    // The tables have the addresses of both.
    ashlar_profile_request request{};
    ashlar_profile_answer last_answer{};
};

[[gnu::visibility("hidden")]] extern constinit OutsideRequests outside;

} // namespace ashlar::observe::profiler
