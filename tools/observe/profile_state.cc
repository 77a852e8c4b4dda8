// SPDX-License-Identifier: MIT
#include "observe/profile_state.h"

#include <cstring>

namespace ashlar::observe {

namespace {

process::Address at(const void* place) {
    return reinterpret_cast<process::Address>(place);
}

} // namespace

std::optional<ProfileState> read_profile_state(const ReadBytes& read, const ashlar_tables& tables) {
    if (tables.profile_control == nullptr || tables.profile_request == nullptr ||
        tables.profile_answer == nullptr) {
        return std::nullopt;
    }
    ProfileState state;
    ashlar_profile_request request{};
    ashlar_profile_answer answer{};
    // Reads the answer last, so it is at least as new as the rest. The next reading shows later changes.
    if (!read(at(tables.profile_control), &state.control, sizeof state.control) ||
        !read(at(tables.profile_request), &request, sizeof request) ||
        !read(at(tables.profile_answer), &answer, sizeof answer)) {
        return std::nullopt;
    }
    state.control &= ~std::uint32_t{ASHLAR_PROFILE_DUMP};
    state.requested = request.number;
    state.taken = answer.number;
    state.is_for_request = answer.asked != 0;
    state.error = static_cast<int>(answer.error);
    state.path.assign(answer.path, strnlen(answer.path, sizeof answer.path));
    return state;
}

} // namespace ashlar::observe
