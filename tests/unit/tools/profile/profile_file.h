// SPDX-License-Identifier: MIT
// Writes files in the profiler's format, with records that a test chooses.
#pragma once

#include <ashlar/profile_format.h>

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <unistd.h>
#include <vector>

namespace ashlar::profile {

class ProfileFile {
  public:
    static constexpr std::uint64_t kStart = 1'000'000'000;
    static constexpr std::uint32_t kHeaderSize = 4096;

    ProfileFile() : bytes_(kHeaderSize, '\0') {
        header_.magic = profile_format::kMagic;
        header_.version = profile_format::kVersion;
        header_.header_size = kHeaderSize;
        header_.page_size = 4096;
        header_.pid = 4711;
        header_.start_realtime = kStart;
        header_.start_monotonic = kStart;
        header_.rate = 1;
        header_.capacity = std::uint64_t{1} << 20;
        header_.state = profile_format::State::kStopped;
        std::strcpy(header_.program.data(),
                    "/usr/bin/subject"); // NOLINT(clang-analyzer-security.insecureAPI.strcpy)
        std::string name = "/tmp/ashlar-profile-XXXXXX";
        close(mkstemp(name.data()));
        path_ = name;
    }
    ~ProfileFile() { std::filesystem::remove(path_); }
    ProfileFile(const ProfileFile&) = delete;
    ProfileFile& operator=(const ProfileFile&) = delete;

    profile_format::FileHeader& header() { return header_; }
    std::string& bytes() { return bytes_; } // includes the records

    void add(profile_format::Kind kind, std::string payload) {
        payload.resize((payload.size() + 7) / 8 * 8);
        profile_format::RecordHead head{.size = static_cast<std::uint32_t>(sizeof head + payload.size()),
                                        .kind = kind,
                                        .flags = 0,
                                        .checksum = 0,
                                        .zero = 0};
        head.checksum = profile_format::checksum_of(head, payload.data());
        places.push_back(bytes_.size());
        bytes_ += bytes_of(head) + payload;
    }

    void stack(std::uint32_t id, const std::vector<std::uint64_t>& addresses) {
        const profile_format::Stack head{.id = id, .frames = static_cast<std::uint32_t>(addresses.size())};
        std::string payload = bytes_of(head);
        for (const std::uint64_t address : addresses) {
            payload += bytes_of(address);
        }
        add(profile_format::Kind::kStack, payload);
    }

    void map(std::uint64_t begin, std::uint64_t end, std::uint64_t offset, const std::string& path,
             const std::string& build_id = {}) {
        profile_format::Map head{.begin = begin,
                                 .end = end,
                                 .offset = offset,
                                 .inode = 0,
                                 .device = 0,
                                 .path_length = static_cast<std::uint16_t>(path.size()),
                                 .build_id_length = static_cast<std::uint8_t>(build_id.size()),
                                 .zero = 0,
                                 .build_id = {}};
        std::memcpy(head.build_id.data(), build_id.data(), build_id.size());
        add(profile_format::Kind::kMap, bytes_of(head) + path);
    }

    void thread(std::uint32_t number, const std::string& name) {
        profile_format::Thread thread{.number = number, .tid = 4711 + number, .name = {}};
        std::memcpy(thread.name.data(), name.data(), name.size());
        add(profile_format::Kind::kThread, bytes_of(thread));
    }

    // Sets the distance of later samples. 0 stands for an older library, which wrote no distance.
    void distance(std::uint64_t bytes) { distance_ = bytes; }

    // Allocates a block of `size` bytes after `seconds`. Returns its number.
    std::uint64_t allocate(double seconds, std::uint32_t stack, std::uint64_t size, double blocks = 1,
                           std::uint32_t thread = 1) {
        allocated_ += static_cast<std::uint64_t>(blocks * static_cast<double>(size));
        const profile_format::Allocate record{
            .sample = ++samples_,
            .time = time(seconds),
            .address = samples_ * 16,
            .size = size,
            .usable = size,
            .weight = static_cast<std::uint64_t>(blocks * static_cast<double>(size)),
            .blocks = static_cast<std::uint64_t>(blocks * 1024),
            .allocated = allocated_,
            .stack = stack,
            .thread = thread,
            .distance = distance_};
        add(profile_format::Kind::kAllocate, bytes_of(record));
        return samples_;
    }

    void free(double seconds, std::uint64_t sample) {
        add(profile_format::Kind::kFree,
            bytes_of(profile_format::Free{
                .sample = sample, .time = time(seconds), .allocated = allocated_, .thread = 1, .zero = 0}));
    }

    void pinned(std::uint64_t sample, std::uint64_t count, double age) {
        add(profile_format::Kind::kPinned,
            bytes_of(profile_format::Pinned{
                .sample = sample, .bytes = count, .age = static_cast<std::uint64_t>(age * 1e9)}));
    }

    // Adds a CPU sample of a thread in this stack.
    void cpu(double seconds, std::uint32_t stack, std::uint32_t microseconds, std::uint32_t where = 0,
             std::uint32_t thread = 1) {
        add(profile_format::Kind::kCpu, bytes_of(profile_format::Cpu{.time = time(seconds),
                                                                     .stack = stack,
                                                                     .thread = thread,
                                                                     .microseconds = microseconds,
                                                                     .where = where}));
    }

    void cpu_time(double seconds, std::uint64_t microseconds, std::uint32_t period,
                  profile_format::CpuState state = profile_format::CpuState::kSamples) {
        add(profile_format::Kind::kCpuTime, bytes_of(profile_format::CpuTime{.time = time(seconds),
                                                                             .used = microseconds * 1000,
                                                                             .lost = 0,
                                                                             .unwatched = 0,
                                                                             .microseconds = period,
                                                                             .state = state}));
    }

    void mark(double seconds, profile_format::Reason reason) {
        add(profile_format::Kind::kMark,
            bytes_of(profile_format::Mark{
                .time = time(seconds), .reason = reason, .zero = 0, .live = 0, .allocated = allocated_}));
    }

    void count_names(const std::vector<std::string>& names) {
        std::string text;
        for (const std::string& name : names) {
            text += name + '\0';
        }
        const profile_format::CountNames head{.count = static_cast<std::uint32_t>(names.size()),
                                              .bytes = static_cast<std::uint32_t>(text.size())};
        add(profile_format::Kind::kCountNames, bytes_of(head) + text);
    }

    void counts(double seconds, const std::vector<std::uint64_t>& values) {
        std::string payload = bytes_of(profile_format::Counts{.time = time(seconds), .count = values.size()});
        for (const std::uint64_t value : values) {
            payload += bytes_of(value);
        }
        add(profile_format::Kind::kCounts, payload);
    }

    // Writes the file. `slack` zero bytes follow the records.
    const std::filesystem::path& write(std::size_t slack = 4096) {
        profile_format::FileHeader header = header_;
        if (header.reserved == 0) header.reserved = bytes_.size(); // otherwise a test set the value
        std::memcpy(bytes_.data(), &header, std::min(bytes_.size(), sizeof header));
        std::ofstream(path_, std::ios::binary) << bytes_ << std::string(slack, '\0');
        return path_;
    }
    const std::filesystem::path& path() const { return path_; }

    std::vector<std::size_t> places; // start of each record

  private:
    template <class Structure>
    static std::string bytes_of(const Structure& structure) {
        return {reinterpret_cast<const char*>(&structure), sizeof structure};
    }
    static std::uint64_t time(double seconds) { return kStart + static_cast<std::uint64_t>(seconds * 1e9); }

    profile_format::FileHeader header_{};
    std::string bytes_;
    std::filesystem::path path_;
    std::uint64_t distance_ = 0;
    std::uint64_t samples_ = 0;
    std::uint64_t allocated_ = 0;
};

} // namespace ashlar::profile
