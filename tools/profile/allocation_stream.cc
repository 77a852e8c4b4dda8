// SPDX-License-Identifier: MIT
#include "profile/allocation_stream.h"

#include "profile/records.h"

#include <algorithm>
#include <array>
#include <fcntl.h>
#include <fmt/format.h>
#include <stdexcept>
#include <unistd.h>

namespace ashlar::profile {

namespace {

constexpr std::size_t kAtOnce = std::size_t{1} << 20;
constexpr std::uint64_t kEnded = std::uint64_t{1} << 63; // flag in FileHeader::reserved

format::FileHeader header_of(const machine::Descriptor& file) {
    std::array<std::byte, sizeof(format::FileHeader)> bytes{};
    const ssize_t length = pread(file.number(), bytes.data(), bytes.size(), 0);
    return length == static_cast<ssize_t>(bytes.size()) ? front_of<format::FileHeader>(bytes)
                                                        : format::FileHeader{};
}

} // namespace

AllocationStream::AllocationStream(const std::filesystem::path& file)
    : file_(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)) {
    const format::FileHeader header = header_of(file_);
    if (header.magic != format::kMagic || header.version != format::kVersion) {
        throw std::runtime_error(fmt::format("{} is no recording that can be read", file.string()));
    }
    place_ = std::max<std::uint64_t>(header.header_size, sizeof header);
    recording_.file = file;
    recording_.pid = header.pid;
    recording_.start = header.start_monotonic;
    recording_.started_realtime = header.start_realtime;
    recording_.process_started_realtime = header.start_realtime;
}

std::map<std::uint32_t, double> AllocationStream::take_new() {
    std::map<std::uint32_t, double> bytes;
    const format::FileHeader header = header_of(file_);
    const std::uint64_t end = std::min(header.reserved & ~kEnded, header.capacity);
    std::vector<std::byte> records;
    while (place_ + records.size() < end) {
        const std::size_t before = records.size();
        records.resize(before + std::min<std::uint64_t>(kAtOnce, end - place_ - before));
        const ssize_t length = pread(file_.number(), records.data() + before, records.size() - before,
                                     static_cast<off_t>(place_ + before));
        records.resize(before + static_cast<std::size_t>(std::max<ssize_t>(length, 0)));
        if (length <= 0) {
            break; // the file was truncated meanwhile
        }
    }
    read(records, bytes);
    place_ += records.size();
    return bytes;
}

void AllocationStream::read(std::span<const std::byte> records, std::map<std::uint32_t, double>& bytes) {
    RecordReader reader(records);
    while (const auto record = reader.next()) {
        if (record->kind == format::Kind::kMap) {
            add_map(record->payload);
        } else if (record->kind == format::Kind::kStack) {
            const auto head = front_of<format::Stack>(record->payload);
            const auto rest = rest_of<format::Stack>(record->payload);
            std::vector<std::uint64_t> addresses(
                std::min<std::size_t>(head.frames, rest.size() / sizeof(std::uint64_t)));
            std::copy_n(rest.begin(), addresses.size() * sizeof(std::uint64_t),
                        reinterpret_cast<std::byte*>(addresses.data()));
            Stack stack;
            for (const std::uint64_t address : addresses) {
                stack.push_back(space_.resolve(address));
            }
            indexes_[head.id] = static_cast<std::uint32_t>(recording_.stacks.size());
            recording_.stacks.push_back(std::move(stack));
        } else if (record->kind == format::Kind::kAllocate) {
            const auto sample = front_of<format::Allocate>(record->payload);
            const auto stack = indexes_.find(sample.stack);
            bytes[stack == indexes_.end() ? 0 : stack->second] += static_cast<double>(sample.weight);
        }
    }
}

void AllocationStream::add_map(std::span<const std::byte> payload) {
    const auto map = front_of<format::Map>(payload);
    const auto path = rest_of<format::Map>(payload);
    LoadedObject object{.path = {reinterpret_cast<const char*>(path.data()),
                                 std::min<std::size_t>(map.path_length, path.size())},
                        .build_id = {reinterpret_cast<const char*>(map.build_id.data()),
                                     std::min<std::size_t>(map.build_id_length, map.build_id.size())}};
    auto& objects = recording_.objects;
    auto known = std::find(objects.begin(), objects.end(), object);
    if (known == objects.end()) {
        known = objects.insert(known, std::move(object));
    }
    if (map.begin < map.end) {
        space_.add({.begin = map.begin,
                    .end = map.end,
                    .offset = map.offset,
                    .object = static_cast<std::uint32_t>(known - objects.begin())});
    }
}

} // namespace ashlar::profile
