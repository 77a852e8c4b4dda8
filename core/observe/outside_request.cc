// SPDX-License-Identifier: MIT
#include "observe/outside_request.h"

#include <algorithm>
#include <cstring>

namespace ashlar::observe::profiler {

constinit OutsideRequests outside;

std::string_view OutsideRequests::place() const {
    return {request.place, ::strnlen(request.place, sizeof(request.place) - 1)};
}

void OutsideRequests::answer(std::uint32_t number, int error, std::string_view path) {
    __atomic_store_n(&last_answer.error, static_cast<std::uint32_t>(error), __ATOMIC_RELAXED);
    __atomic_store_n(&last_answer.asked, std::uint32_t{number != 0}, __ATOMIC_RELAXED);
    const std::size_t length = std::min(path.size(), sizeof(last_answer.path) - 1);
    std::memcpy(last_answer.path, path.data(), length);
    last_answer.path[length] = '\0';
    if (number != 0) __atomic_store_n(&last_answer.number, number, __ATOMIC_RELEASE);
}

void OutsideRequests::drop() {
    __atomic_store_n(&last_answer.number, number(), __ATOMIC_RELAXED);
}

} // namespace ashlar::observe::profiler
