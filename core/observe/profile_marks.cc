// SPDX-License-Identifier: MIT
#include "observe/profile_marks.h"

#include "heap/sampling.h"
#include "observe/statistics.h"
#include "slab/supply.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

namespace ashlar::observe {

namespace {

using Kind = RecordFile::Kind;

struct NamedCount {
    std::string_view name;
    std::size_t ashlar_statistics::*value;
};
constexpr std::array kCounts = {
    NamedCount{"allocated", &ashlar_statistics::allocated},
    NamedCount{"large", &ashlar_statistics::large},
    NamedCount{"cached", &ashlar_statistics::cached},
    NamedCount{"slabs", &ashlar_statistics::slabs},
    NamedCount{"dirty", &ashlar_statistics::dirty},
    NamedCount{"metadata", &ashlar_statistics::metadata},
    NamedCount{"committed", &ashlar_statistics::committed},
    NamedCount{"threads", &ashlar_statistics::threads},
    NamedCount{"refills", &ashlar_statistics::refills},
    NamedCount{"refill_ns", &ashlar_statistics::refill_ns},
    NamedCount{"allocations", &ashlar_statistics::allocations},
    NamedCount{"fallback_calls", &ashlar_statistics::fallback_calls},
};

} // namespace

void write_count_names(RecordFile& file) {
    std::array<char, 256> names{};
    std::size_t length = 0;
    for (const NamedCount& each : kCounts) {
        std::memcpy(&names[length], each.name.data(), each.name.size());
        length += each.name.size() + 1;
    }
    const profile_format::CountNames head{kCounts.size(), static_cast<std::uint32_t>(length)};
    file.append(Kind::kCountNames, {&head, sizeof(head)}, {names.data(), length});
}

void write_counts(RecordFile& file, std::uint64_t time) {
    const ashlar_statistics statistics = gather_heap();
    std::array<std::uint64_t, kCounts.size()> values;
    for (std::size_t i = 0; i < values.size(); ++i)
        values[i] = statistics.*kCounts[i].value;
    const profile_format::Counts head{time, values.size()};
    file.append(Kind::kCounts, {&head, sizeof(head)}, {values.data(), sizeof(values)});
}

void write_pinned(RecordFile& file, std::uint64_t time, std::uint64_t base) {
    struct Moment {
        RecordFile& file;
        std::uint64_t time;
        std::uint64_t base;
    };
    Moment now{file, time, base};
    heap::sampling::for_each(
        [](void* context, const heap::sampling::Facts& facts, const void* shadow) {
            const Moment& moment = *static_cast<const Moment*>(context);
            if (shadow == nullptr || facts.id <= moment.base || (facts.id & kInNoFile) != 0) return;
            const auto [free, blocks] = slab::room_beside(shadow);
            if (blocks == 0) return;
            const std::uint64_t bytes = free * facts.blocks / (std::uint64_t{1024} * blocks);
            const std::uint64_t age = moment.time - std::min(moment.time, facts.time);
            const profile_format::Pinned pinned{facts.id, bytes, age};
            moment.file.append(Kind::kPinned, {&pinned, sizeof(pinned)});
        },
        &now);
}

} // namespace ashlar::observe
