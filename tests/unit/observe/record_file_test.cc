// SPDX-License-Identifier: MIT
#include "../support/child.h"
#include "../support/folder.h"
#include "../support/limits.h"
#include "../support/records.h"
#include "observe/record_file.h"

#include <array>
#include <catch2/catch.hpp>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace {

using ashlar::observe::RecordFile;
using Kind = ashlar::profile_format::Kind;
using State = ashlar::profile_format::State;

constexpr std::size_t kCapacity = std::size_t{4} << 20;
constexpr std::size_t kRate = 1000;
constexpr std::array<char, 2000> kZeroes{};

bool append(RecordFile& file, Kind kind, const std::string& payload) {
    return file.append(kind, {payload.data(), payload.size()});
}

std::string stack_of(std::uint32_t id) {
    std::string payload(8 + 8 * (id % 50), static_cast<char>(id));
    std::memcpy(payload.data(), &id, sizeof(id));
    return payload;
}

TEST_CASE("record file: what is appended is there, in order, in pieces and padded") {
    const unit::Folder folder;
    static RecordFile file;
    REQUIRE(file.open(folder.path(), kCapacity, kRate, 7) == 0);
    REQUIRE(std::string(file.path()) == folder.path() + "/ashlar." + std::to_string(::getpid()) + ".profile");
    REQUIRE(append(file, Kind::kMap, "twelve bytes"));
    REQUIRE(file.append(Kind::kStack, {"abc", 3}, {"defgh", 5}));
    const unit::Records open(file.path()); // while it is written
    REQUIRE(open.header.state == State::kRecording);
    REQUIRE(open.all.size() == 2);
    file.close(State::kStopped);
    REQUIRE_FALSE(append(file, Kind::kMap, "too late"));

    const unit::Records records(file.path());
    REQUIRE(records.header.magic == ashlar::profile_format::kMagic);
    REQUIRE(records.header.pid == static_cast<std::uint32_t>(::getpid()));
    REQUIRE(records.header.parent == 7);
    REQUIRE(records.header.rate == kRate);
    REQUIRE(records.header.state == State::kStopped);
    REQUIRE(std::string(records.header.program.data()).find("unit_tests") != std::string::npos);
    REQUIRE(records.size == 8192); // no more than necessary
    REQUIRE(records.holes + records.damaged == 0);
    REQUIRE(records.all.size() == 2);
    REQUIRE(records.all[0].payload == std::string("twelve bytes\0\0\0\0", 16));
    REQUIRE(records.all[1].payload == "abcdefgh");
}

TEST_CASE("record file: a second one of the process gets another name, and %p is its number") {
    const unit::Folder folder;
    const std::string number = std::to_string(::getpid());
    static RecordFile first;
    static RecordFile second;
    static RecordFile third;
    REQUIRE(first.open(folder.path(), kCapacity, kRate, 0) == 0);
    REQUIRE(second.open(folder.path(), kCapacity, kRate, 0) == 0);
    REQUIRE(std::string(second.path()) == folder.path() + "/ashlar." + number + ".1.profile");
    REQUIRE(third.open(folder.path() + "/of-%p.bin", kCapacity, kRate, 0) == 0);
    REQUIRE(std::string(third.path()) == folder.path() + "/of-" + number + ".bin");
    first.close(State::kStopped);
    second.close(State::kStopped);
    third.close(State::kStopped);
}

TEST_CASE("record file: without a place for it there is an error and no file") {
    static RecordFile file;
    REQUIRE(file.open("/no/such/folder", kCapacity, kRate, 0) == ENOENT);
    REQUIRE(file.open("/proc", kCapacity, kRate, 0) != 0);
    REQUIRE(file.open("/" + std::string(RecordFile::kLongestPath, 'x'), kCapacity, kRate, 0) == ENAMETOOLONG);
    REQUIRE_FALSE(file.is_open());
    REQUIRE_FALSE(append(file, Kind::kMap, "nowhere"));
}

TEST_CASE("record file: at its capacity recording ends, and says so") {
    const unit::Folder folder;
    static RecordFile file;
    REQUIRE(file.open(folder.path(), std::size_t{256} << 10, kRate, 0) == 0);
    std::uint32_t written = 0;
    while (append(file, Kind::kStack, stack_of(written)))
        ++written;
    REQUIRE(file.state() == State::kFull);
    REQUIRE(file.is_full());
    REQUIRE_FALSE(append(file, Kind::kMark, "")); // also what would have room
    file.count_lost();
    file.close(State::kStopped);
    const unit::Records records(file.path());
    REQUIRE(records.header.state == State::kFull);
    REQUIRE(records.header.lost == 1);
    REQUIRE(records.size <= std::size_t{256} << 10);
    REQUIRE(records.holes + records.damaged == 0);
    REQUIRE(records.all.size() == written);
}

TEST_CASE("record file: a limit on the size of files is kept, without a signal") {
    const unit::Folder folder;
    UNIT_REQUIRE_PASSED(unit::run_here([&] {
        const rlimit limit{std::size_t{512} << 10, std::size_t{512} << 10};
        REQUIRE(::setrlimit(RLIMIT_FSIZE, &limit) == 0);
        static RecordFile file;
        REQUIRE(file.open(folder.path(), kCapacity, kRate, 0) == 0);
        while (append(file, Kind::kStack, stack_of(49))) {
        }
        REQUIRE(file.state() == State::kFull);
        const rlimit none{4096, 4096};
        REQUIRE(::setrlimit(RLIMIT_FSIZE, &none) == 0);
        static RecordFile other;
        REQUIRE(other.open(folder.path(), kCapacity, kRate, 0) == EFBIG);
    }));
}

TEST_CASE("record file: threads append at one time") {
    const unit::Folder folder;
    static RecordFile file;
    REQUIRE(file.open(folder.path(), kCapacity, kRate, 0) == 0);
    constexpr std::uint32_t kThreads = 4;
    constexpr std::uint32_t kRecords = 2000;
    std::vector<std::thread> threads;
    for (std::uint32_t t = 0; t < kThreads; ++t) {
        threads.emplace_back([t] {
            for (std::uint32_t i = 0; i < kRecords; ++i)
                append(file, Kind::kStack, stack_of(t * kRecords + i));
        });
    }
    for (std::thread& thread : threads)
        thread.join();
    file.close(State::kStopped);
    const unit::Records records(file.path());
    REQUIRE(records.holes + records.damaged == 0);
    REQUIRE(records.all.size() == kThreads * kRecords);
    std::vector<bool> seen(kThreads * kRecords);
    for (const unit::Record& record : records.all) {
        const auto id = record.as<ashlar::profile_format::Stack>().id;
        REQUIRE(record.payload == stack_of(id));
        REQUIRE_FALSE(seen[id]);
        seen[id] = true;
    }
}

TEST_CASE("record file: a forked child does not append to its parent's file") {
    const unit::Folder folder;
    static RecordFile file;
    REQUIRE(file.open(folder.path(), kCapacity, kRate, 0) == 0);
    REQUIRE(append(file, Kind::kMark, "parent's"));
    UNIT_REQUIRE_PASSED(unit::run_here([] {
        REQUIRE(file.is_inherited());
        file.forget();
        REQUIRE_FALSE(append(file, Kind::kMark, "child's"));
    }));
    REQUIRE_FALSE(file.is_inherited());
    REQUIRE(append(file, Kind::kMark, "parent's"));
    file.close(State::kStopped);
    REQUIRE(unit::Records(file.path()).all.size() == 2);
}

// The signal handler interrupts append() at any point and forks. The child returns into append().
TEST_CASE("record file: a child that was forked within append() finishes it, in vain") {
    const unit::Folder folder;
    UNIT_REQUIRE_PASSED(unit::run_here([&] {
        static RecordFile own;
        static volatile std::sig_atomic_t in_child = 0;
        static volatile std::sig_atomic_t bad = 0;
        static volatile std::sig_atomic_t forks = 0;
        constexpr int kForks = 300;
        REQUIRE(own.open(folder.path(), std::size_t{64} << 20, kRate, 0) == 0);
        struct sigaction action {};
        action.sa_handler = [](int) {
            const pid_t child = ::fork();
            if (child == 0) {
                own.forget();
                in_child = 1;
                return;
            }
            int status = 0;
            ::waitpid(child, &status, 0);
            bad = bad + (status != 0 ? 1 : 0);
            forks = forks + 1;
        };
        REQUIRE(::sigaction(SIGALRM, &action, nullptr) == 0);
        while (forks < kForks) {
            const int before = forks; // the timer may expire before the next line
            const itimerval soon{{0, 0}, {0, 200}};
            ::setitimer(ITIMER_REAL, &soon, nullptr);
            while (forks == before && in_child == 0)
                own.append(Kind::kStack, {kZeroes.data(), kZeroes.size()});
            if (in_child != 0) ::_exit(own.append(Kind::kMark, {"x", 1}) ? 1 : 0);
        }
        REQUIRE(bad == 0);
    }));
}

struct Row {
    std::uint64_t key;
    std::uint64_t count;
};
constexpr std::uint32_t kRows = 100;

TEST_CASE("record file: rows of a region are written in place") {
    const unit::Folder folder;
    static RecordFile file;
    file.keep_mapped(".rows");
    REQUIRE(file.open(folder.path(), kCapacity, 0, 0) == 0);
    REQUIRE(std::string(file.path()) == folder.path() + "/ashlar." + std::to_string(::getpid()) + ".rows");
    REQUIRE(append(file, Kind::kMark, "before"));
    auto* const rows = static_cast<Row*>(file.append_region(Kind::kLockTallies, sizeof(Row), kRows, 17));
    REQUIRE(rows != nullptr);
    REQUIRE(reinterpret_cast<std::uintptr_t>(rows) % 64 == 0);
    for (std::uint32_t i = 0; i < kRows; ++i)
        REQUIRE((rows[i].key == 0 && rows[i].count == 0));
    REQUIRE(append(file, Kind::kMark, "after"));
    rows[0] = {1, 10};
    rows[kRows - 1] = {2, 20};
    file.close(State::kStopped);
    rows[1] = {3, 30}; // a late writer still writes into the file

    const unit::Records records(file.path());
    REQUIRE(records.damaged + records.holes == 0);
    REQUIRE(records.all.size() == 3);
    REQUIRE(records.all[1].kind == Kind::kLockTallies);
    const auto region = records.all[1].as<ashlar::profile_format::Region>();
    REQUIRE(region.row_size == sizeof(Row));
    REQUIRE(region.rows == kRows);
    REQUIRE(region.first == 17);
    const auto row = [&](std::uint32_t number) {
        Row found{};
        std::memcpy(&found, &records.all[1].payload.at(sizeof(region) + region.skip + number * sizeof(Row)),
                    sizeof(found));
        return std::pair(found.key, found.count);
    };
    REQUIRE(row(0) == std::pair<std::uint64_t, std::uint64_t>(1, 10));
    REQUIRE(row(1) == std::pair<std::uint64_t, std::uint64_t>(3, 30));
    REQUIRE(row(kRows - 1) == std::pair<std::uint64_t, std::uint64_t>(2, 20));
}

TEST_CASE("record file: a region that does not fit is refused and recording ends") {
    const unit::Folder folder;
    static RecordFile file;
    file.keep_mapped(".rows");
    REQUIRE(file.open(folder.path(), kCapacity, 0, 0) == 0);
    REQUIRE(file.append_region(Kind::kLockTallies, 1024, 2 * kCapacity / 1024, 0) == nullptr);
    REQUIRE(file.is_full());
    REQUIRE_FALSE(append(file, Kind::kMark, "no more"));
    file.close(State::kStopped);
    REQUIRE(unit::Records(file.path()).header.state == State::kFull);
}

TEST_CASE("record file: a forked child goes on in a copy") {
    const unit::Folder folder;
    static RecordFile file;
    file.keep_mapped(".rows");
    REQUIRE(file.open(folder.path(), kCapacity, 0, 0) == 0);
    auto* const rows = static_cast<Row*>(file.append_region(Kind::kLockTallies, sizeof(Row), kRows, 1));
    rows[0] = {1, 10};
    rows[1] = {2, 20};
    const std::string parents = file.path();
    UNIT_REQUIRE_PASSED(unit::run_here([&] {
        REQUIRE(file.is_inherited());
        REQUIRE(file.continue_in_child(folder.path()) == 0);
        REQUIRE_FALSE(file.is_inherited());
        REQUIRE(rows[0].count == 10); // at the same address
        rows[0].count = 11;
        rows[2] = {3, 30};
        REQUIRE(append(file, Kind::kMark, "child's"));
        REQUIRE(file.append_region(Kind::kLockTallies, sizeof(Row), kRows, 101) != nullptr);
        file.close(State::kStopped);
        const unit::Records own(file.path());
        REQUIRE(std::string(file.path()) != parents);
        REQUIRE(own.header.pid == static_cast<std::uint32_t>(::getpid()));
        REQUIRE(own.header.parent == static_cast<std::uint32_t>(::getppid()));
        REQUIRE(own.damaged + own.holes == 0);
        REQUIRE(own.all.size() == 3);
        REQUIRE(own.all[1].payload.substr(0, 7) == "child's");
    }));
    REQUIRE_FALSE(file.is_inherited());
    REQUIRE(rows[0].count == 10); // separate from the child's rows
    REQUIRE(rows[2].key == 0);
    file.close(State::kStopped);
    const unit::Records records(parents);
    REQUIRE(records.all.size() == 1);
    REQUIRE(records.damaged == 0);
}

TEST_CASE("record file: a child that cannot make a copy keeps its hands off") {
    const unit::Folder folder;
    static RecordFile file;
    file.keep_mapped(".rows");
    REQUIRE(file.open(folder.path(), kCapacity, 0, 0) == 0);
    UNIT_REQUIRE_PASSED(
        unit::run_here([&] { REQUIRE(file.continue_in_child("/nowhere/at/all") == ENOENT); }));
    REQUIRE(append(file, Kind::kMark, "parent's"));
    file.close(State::kStopped);
    REQUIRE(unit::Records(file.path()).all.size() == 1);
}

TEST_CASE("record file: of the threads of a child one is to forget") {
    const unit::Folder folder;
    static RecordFile file;
    REQUIRE(file.open(folder.path(), kCapacity, kRate, 0) == 0);
    REQUIRE_FALSE(file.is_mine_to_forget());
    UNIT_REQUIRE_PASSED(unit::run_here([&] {
        REQUIRE(file.is_mine_to_forget());
        REQUIRE_FALSE(file.is_mine_to_forget());
        REQUIRE(file.is_inherited());
        file.forget();
        REQUIRE_FALSE(file.is_inherited());
        REQUIRE(file.open(folder.path(), kCapacity, kRate, 0) == 0);
        REQUIRE_FALSE(file.is_inherited());
        REQUIRE_FALSE(file.is_mine_to_forget());
        file.close(State::kStopped);
    }));
    file.close(State::kStopped);
}

} // namespace
