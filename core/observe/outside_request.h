// SPDX-License-Identifier: MIT
//
// What another process (`ashlar profile --pid`) asks of the profiler, in plain memory that it writes while
// this process runs: ashlar/statistics_layout.h says in which order. Nothing here trusts it to be complete:
// whatever stands there is a number, or a text that ends.
#pragma once

#include <ashlar/statistics_layout.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ashlar::observe::profiler {

class OutsideRequests {
  public:
    // One that was not answered yet.
    bool has_new() const { return number() != __atomic_load_n(&last_answer.number, __ATOMIC_RELAXED); }
    std::uint32_t number() const { return __atomic_load_n(&request.number, __ATOMIC_ACQUIRE); }
    // 0 and empty: as the settings say.
    std::size_t rate() const { return __atomic_load_n(&request.rate, __ATOMIC_RELAXED); }
    std::size_t limit() const { return __atomic_load_n(&request.limit, __ATOMIC_RELAXED); }
    std::size_t cpu() const { return __atomic_load_n(&request.cpu, __ATOMIC_RELAXED); }
    std::string_view place() const;

    // What was begun, for the request of this number or (0) for none. One thread at a time.
    void answer(std::uint32_t number, int error, std::string_view path);
    bool is_for_another() const { return __atomic_load_n(&last_answer.asked, __ATOMIC_RELAXED) != 0; }
    // In a forked child: it was for the parent.
    void drop();

    // Their addresses are in the tables.
    ashlar_profile_request request{};
    ashlar_profile_answer last_answer{};
};

[[gnu::visibility("hidden")]] extern constinit OutsideRequests outside;

} // namespace ashlar::observe::profiler
