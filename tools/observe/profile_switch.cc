// SPDX-License-Identifier: MIT
#include "observe/profile_switch.h"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>

namespace ashlar::observe {

namespace {

process::Address at(const void* place) {
    return reinterpret_cast<process::Address>(place);
}

} // namespace

ProfileSwitch::ProfileSwitch(const Subject& subject) : memory_(subject.files()) {
    const Library& library = *subject.library();
    tables_ = library.tables;
    ashlar_tables now{};
    const std::size_t size = std::min<std::size_t>(tables_.size, sizeof now);
    if (!memory_.open()) {
        found_ = errno == EACCES || errno == EPERM ? Found::kForbidden : Found::kGone;
    } else if (!memory_.read_bytes(library.place, &now, size) || std::memcmp(&now, &tables_, size) != 0) {
        found_ = Found::kGone; // it has executed another program since
    } else if (tables_.hardened != 0) {
        found_ = Found::kHardened;
    } else if (tables_.profile_control == nullptr || tables_.profile_request == nullptr ||
               tables_.profile_answer == nullptr) {
        found_ = Found::kOlder;
    }
}

std::optional<ProfileState> ProfileSwitch::read() const {
    return read_profile_state([this](process::Address from, void* to,
                                     std::size_t size) { return memory_.read_bytes(from, to, size); },
                              tables_);
}

std::optional<std::uint32_t> ProfileSwitch::record(const ProfileRequest& wanted) const {
    const auto before = read();
    if (!before) {
        return std::nullopt;
    }
    ashlar_profile_request request{.number = before->requested,
                                   .cpu = wanted.cpu,
                                   .rate = wanted.rate,
                                   .limit = wanted.limit,
                                   .place = {}};
    wanted.place.copy(request.place, sizeof request.place - 1);
    do {
        ++request.number;
    } while (request.number == 0 || request.number == before->taken);
    const process::Address place = at(tables_.profile_request);
    constexpr std::size_t kBehindNumber = offsetof(ashlar_profile_request, cpu);
    const bool is_written =
        memory_.write_bytes(place + kBehindNumber, &request.cpu, sizeof request - kBehindNumber) &&
        memory_.write_bytes(place, &request.number, sizeof request.number) &&
        write_control(ASHLAR_PROFILE_RECORD);
    return is_written ? std::optional(request.number) : std::nullopt;
}

bool ProfileSwitch::stop(std::uint32_t number) const {
    const auto now = read();
    return now && (now->requested != number || write_control(ASHLAR_PROFILE_STOP));
}

bool ProfileSwitch::write_control(std::uint32_t control) const {
    return memory_.write_bytes(at(tables_.profile_control), &control, sizeof control);
}

} // namespace ashlar::observe
