// SPDX-License-Identifier: MIT
#include "os/memory_limit.h"

#include <catch2/catch.hpp>
#include <cerrno>
#include <cstdlib>
#include <dirent.h>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>

namespace {

using ashlar::os::ControlGroup;
using ashlar::os::ControlGroups;
using ashlar::os::kNoMemoryLimit;
using ashlar::os::MemoryLimit;
using ashlar::os::read_memory_limit;

constexpr std::size_t kMi = std::size_t{1} << 20;

// Returns the directories of both versions, or "" for a missing one.
std::pair<std::string, std::string> find(const std::string& groups, const std::string& mounts) {
    ControlGroups found{};
    std::istringstream group_lines(groups);
    for (std::string line; std::getline(group_lines, line);)
        found.note_group(line);
    std::istringstream mount_lines(mounts);
    for (std::string line; std::getline(mount_lines, line);)
        found.note_mount(line);
    return {std::string(found.version1().path()), std::string(found.version2().path())};
}

std::pair<std::string, std::string> both(const std::string& version1, const std::string& version2) {
    return {version1, version2};
}

const std::string kMount2 =
    "35 24 0:30 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n";
const std::string kMount1 =
    "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime shared:16 - cgroup cgroup rw,memory\n";

TEST_CASE("control groups: version 2") {
    CHECK(find("0::/user.slice/a.scope\n", kMount2) == both("", "/sys/fs/cgroup/user.slice/a.scope"));
    CHECK(find("0::/\n", kMount2) == both("", "/sys/fs/cgroup"));
    CHECK(find("0::/a:b c\n", kMount2) == both("", "/sys/fs/cgroup/a:b c"));
    CHECK(find("0::/a", "35 24 0:30 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw") ==
          both("", "/sys/fs/cgroup/a"));
}

TEST_CASE("control groups: version 1, alone or with others") {
    CHECK(find("5:cpu,cpuacct:/x\n4:memory:/user/b\n", kMount1) == both("/sys/fs/cgroup/memory/user/b", ""));
    CHECK(find("4:cpu,memory:/b\n", "35 31 0:32 / /cg rw - cgroup none rw,cpu,memory\n") ==
          both("/cg/b", ""));
    CHECK(find("4:memoryless:/b\n", kMount1) == both("", ""));
    CHECK(find("4:name=memory:/b\n", kMount1) == both("", ""));
    CHECK(find("4:memory:/b\n", "35 31 0:32 / /cg rw - cgroup cgroup rw,cpu\n") == both("", ""));
}

TEST_CASE("control groups: both versions") {
    const std::string mounts = "31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755\n"
                               "32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu\n"
                               "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n"
                               "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n";
    CHECK(find("9:name=systemd:/\n4:memory:/api/ef\n1:cpu:/\n0::/\n", mounts) ==
          both("/sys/fs/cgroup/memory/api/ef", "/sys/fs/cgroup/unified"));
}

TEST_CASE("control groups: in containers") {
    // The mount shows the container's own group as its root.
    CHECK(find("4:memory:/docker/abc\n",
               "35 31 0:32 /docker/abc /sys/fs/cgroup/memory ro master:16 - cgroup cgroup rw,memory\n") ==
          both("/sys/fs/cgroup/memory", ""));
    CHECK(find("4:memory:/docker/abc/job\n",
               "35 31 0:32 /docker/abc /sys/fs/cgroup/memory ro master:16 - cgroup cgroup rw,memory\n") ==
          both("/sys/fs/cgroup/memory/job", ""));
    // The first path is relative to a namespace, the second is not.
    CHECK(find("0::/\n", "35 31 0:32 /docker/abc /sys/fs/cgroup ro - cgroup2 cgroup rw\n") ==
          both("", "/sys/fs/cgroup"));
    CHECK(find("0::/docker/abc\n", "35 31 0:32 /docker/abcdef /sys/fs/cgroup ro - cgroup2 cgroup rw\n") ==
          both("", "/sys/fs/cgroup"));
    CHECK(find("0::/../other\n", kMount2) == both("", "/sys/fs/cgroup"));
    // The mount that shows the group is found at any place in the list.
    const std::string other = "35 31 0:32 /other /elsewhere ro - cgroup2 cgroup rw\n";
    CHECK(find("0::/a\n", other + kMount2) == both("", "/sys/fs/cgroup/a"));
    CHECK(find("0::/a\n", kMount2 + other) == both("", "/sys/fs/cgroup/a"));
}

TEST_CASE("control groups: blanks in the mount's path") {
    CHECK(find("0::/a\n", "35 31 0:32 / /my\\040groups\\134x rw - cgroup2 cgroup2 rw\n") ==
          both("", "/my groups\\x/a"));
    CHECK(find("0::/a\n", "35 31 0:32 / /my\\04 rw - cgroup2 cgroup2 rw\n") == both("", "/my\\04/a"));
}

TEST_CASE("control groups: garbage is none") {
    for (const char* const groups :
         {"", "\n\n", ":::", "0::", "0", "memory", "4:memory", "4:memory:relative"}) {
        CAPTURE(groups);
        CHECK(find(groups, kMount1 + kMount2) == both("", ""));
    }
    for (const char* const mounts :
         {"", "\n", " - ", " - cgroup2", "x - cgroup2 y z", "1 2 3 4 - cgroup2 c rw",
          "35 31 0:32 / /x rw cgroup2 cgroup2 rw", "35 31 0:32 / /x rw - cgroup2"}) {
        CAPTURE(mounts);
        const auto found = find("4:memory:/a\n0::/b\n", mounts);
        CHECK(found.first.empty());
        CHECK((found.second.empty() || found.second == "/x/b"));
    }
}

TEST_CASE("control groups: paths that are too long are cut to the mount point or given up") {
    const std::string longest(ControlGroup::kLongest - 1, 'x');
    CHECK(find("0::/" + longest + "\n", kMount2) == both("", "/sys/fs/cgroup"));
    CHECK(find("0::/y" + longest + "\n", kMount2) == both("", "/sys/fs/cgroup"));
    CHECK(find("0::/a\n", "35 31 0:32 / /y" + longest + " rw - cgroup2 cgroup2 rw\n") == both("", ""));
    CHECK(find("0::/a\n", "35 31 0:32 /y" + longest + " /m rw - cgroup2 cgroup2 rw\n") == both("", "/m"));
}

// A temporary root folder with the test's files.
class Tree {
  public:
    Tree() {
        std::string name = (std::filesystem::temp_directory_path() / "memory_limit.XXXXXX").string();
        REQUIRE(::mkdtemp(name.data()) != nullptr);
        root_ = name;
    }
    ~Tree() { std::filesystem::remove_all(root_); }
    Tree(const Tree&) = delete;
    Tree& operator=(const Tree&) = delete;

    void write(const std::string& path, const std::string& text) const {
        const std::filesystem::path file = root_ + path;
        std::filesystem::create_directories(file.parent_path());
        std::ofstream(file) << text;
    }
    const std::string& root() const { return root_; }

  private:
    std::string root_;
};

std::size_t limit_in(const Tree& tree) {
    errno = EDOM;
    const auto read = read_memory_limit(tree.root());
    CHECK(errno == EDOM);
    REQUIRE(read.done);
    return read.bytes;
}

TEST_CASE("memory limit: the least along the path of a version 2 group") {
    const Tree tree;
    tree.write("/proc/self/cgroup", "0::/a/b/c\n");
    tree.write("/proc/self/mountinfo", kMount2);
    CHECK(limit_in(tree) == kNoMemoryLimit);
    tree.write("/sys/fs/cgroup/a/b/c/memory.max", "max\n");
    CHECK(limit_in(tree) == kNoMemoryLimit);
    tree.write("/sys/fs/cgroup/a/memory.max", "104857600\n");
    CHECK(limit_in(tree) == 100 * kMi);
    tree.write("/sys/fs/cgroup/a/b/memory.high", "52428800\n");
    CHECK(limit_in(tree) == 50 * kMi);
    tree.write("/sys/fs/cgroup/a/b/c/memory.max", "33554432\n");
    CHECK(limit_in(tree) == 32 * kMi);
    tree.write("/sys/fs/cgroup/memory.max", "1048576\n");
    CHECK(limit_in(tree) == kMi);
    tree.write("/sys/fs/memory.max", "1\n"); // no part of the hierarchy
    CHECK(limit_in(tree) == kMi);
}

TEST_CASE("memory limit: the lesser of both versions") {
    const Tree tree;
    tree.write("/proc/self/cgroup", "4:memory:/a\n0::/b\n");
    tree.write("/proc/self/mountinfo",
               kMount1 + "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n");
    tree.write("/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
    CHECK(limit_in(tree) == 9223372036854771712U);
    tree.write("/sys/fs/cgroup/memory/a/memory.limit_in_bytes", "2097152\n");
    CHECK(limit_in(tree) == 2 * kMi);
    tree.write("/sys/fs/cgroup/unified/b/memory.max", "1048576\n");
    CHECK(limit_in(tree) == kMi);
}

TEST_CASE("memory limit: a path that the mount does not show") {
    const Tree tree;
    tree.write("/proc/self/cgroup", "4:memory:/docker/abc\n");
    tree.write("/proc/self/mountinfo", kMount1);
    tree.write("/sys/fs/cgroup/memory/memory.limit_in_bytes", "1048576\n");
    CHECK(limit_in(tree) == kMi);
}

TEST_CASE("memory limit: long files and long lines in them") {
    const Tree tree;
    std::string mounts;
    for (unsigned i = 0; i < 500; ++i)
        mounts += "50 31 0:50 / /some/where/" + std::to_string(i) + " rw - overlay overlay rw,lowerdir=/x\n";
    for (const std::size_t length : {4000, 4094, 4095, 4096, 4097, 8191, 8192, 8193, 20'000}) {
        CAPTURE(length);
        const std::string line = "60 31 0:60 / /x rw - overlay overlay " + std::string(length, 'l');
        tree.write("/proc/self/cgroup", "3:" + std::string(length, 'c') + ":/\n0::/a\n");
        tree.write("/proc/self/mountinfo", mounts + line.substr(0, length) + "\n" + kMount2 + mounts + line);
        tree.write("/sys/fs/cgroup/a/memory.max", "1048576\n");
        CHECK(limit_in(tree) == kMi);
    }
}

TEST_CASE("memory limit: files that say nothing limit nothing") {
    const Tree tree;
    CHECK(limit_in(tree) == kNoMemoryLimit);
    tree.write("/proc/self/cgroup", "0::/a\n");
    tree.write("/proc/self/mountinfo", kMount2);
    for (const char* const text :
         {"", "\n", "max", "-1", " 5", "99999999999999999999999999", "18446744073709551616"}) {
        CAPTURE(text);
        tree.write("/sys/fs/cgroup/a/memory.max", text);
        CHECK(limit_in(tree) == kNoMemoryLimit);
    }
    tree.write("/sys/fs/cgroup/a/memory.max", "5");
    CHECK(limit_in(tree) == 5);
    std::filesystem::remove(tree.root() + "/sys/fs/cgroup/a/memory.max");
    std::filesystem::create_directory(tree.root() + "/sys/fs/cgroup/a/memory.max");
    CHECK(limit_in(tree) == kNoMemoryLimit);
}

TEST_CASE("memory limit: this process's own can be read, and no descriptor is left open") {
    const auto descriptors = [] {
        const auto all = std::filesystem::directory_iterator("/proc/self/fd");
        return std::distance(begin(all), end(all));
    };
    const auto before = descriptors();
    const auto read = read_memory_limit("");
    CHECK(read.done);
    CHECK(read.bytes > kMi);
    CHECK(descriptors() == before);
}

TEST_CASE("memory limit: read when the heap is large, has doubled, and after some seconds") {
    const Tree tree;
    tree.write("/proc/self/cgroup", "0::/a\n");
    tree.write("/proc/self/mountinfo", kMount2);
    const auto set = [&](std::size_t bytes) {
        tree.write("/sys/fs/cgroup/a/memory.max", std::to_string(bytes));
    };
    set(1000);
    MemoryLimit limit{tree.root()};
    limit.note_size(16 * kMi);
    limit.note_time(1'000'000);
    CHECK(limit.bytes() == kNoMemoryLimit); // small processes are exempt
    limit.note_size(40 * kMi);
    CHECK(limit.bytes() == 1000);
    set(2000);
    limit.note_size(79 * kMi);
    CHECK(limit.bytes() == 1000);
    limit.note_size(80 * kMi);
    CHECK(limit.bytes() == 2000);
    set(3000);
    limit.note_time(1'000'000);
    CHECK(limit.bytes() == 3000);
    set(4000);
    limit.note_time(1'001'000);
    CHECK(limit.bytes() == 3000);
    limit.note_time(1'010'000);
    CHECK(limit.bytes() == 4000);
}

} // namespace
