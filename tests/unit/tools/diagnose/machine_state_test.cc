// SPDX-License-Identifier: MIT
#include "diagnose/machine_state.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <unistd.h>

using ashlar::diagnose::machine_state;

namespace {

namespace fs = std::filesystem;

// A temporary root folder with the test's files.
class Root {
  public:
    Root() {
        std::string name = fs::temp_directory_path() / "machine_state_XXXXXX";
        REQUIRE(mkdtemp(name.data()) != nullptr);
        folder_ = name;
    }
    ~Root() { fs::remove_all(folder_); }
    Root(const Root&) = delete;
    Root& operator=(const Root&) = delete;

    void write(const fs::path& path, const std::string& text) const {
        fs::create_directories((folder_ / path).parent_path());
        std::ofstream(folder_ / path) << text;
    }
    const fs::path& path() const { return folder_; }

  private:
    fs::path folder_;
};

} // namespace

TEST_CASE("machine state: read from the kernel's files") {
    const Root root;
    root.write("sys/kernel/mm/transparent_hugepage/enabled", "always madvise [never]\n");
    root.write("proc/sys/vm/max_map_count", "65530\n");
    root.write("proc/sys/vm/overcommit_memory", "2\n");
    root.write("proc/meminfo", "MemTotal: 100 kB\nCommitLimit:  2048 kB\nCommitted_AS:   1024 kB\n");
    root.write("proc/7/maps", "a\nb\nc\n");
    root.write("proc/7/limits",
               "Limit                     Soft Limit           Hard Limit           Units     \n"
               "Max address space         1048576              unlimited            bytes     \n"
               "Max data size             unlimited            unlimited            bytes     \n"
               "Max locked memory         65536                65536                bytes     \n");
    const auto state = machine_state("7", root.path());
    CHECK(state.huge_pages == "never");
    CHECK(state.most_mappings == 65'530);
    CHECK(state.mappings == 3);
    CHECK(state.overcommit == 2);
    CHECK(state.commit_limit == 2048 * 1024);
    CHECK(state.committed == 1024 * 1024);
    CHECK(state.address_limit == 1'048'576U);
    CHECK_FALSE(state.data_limit);
    CHECK(state.lock_limit == 65'536U);
    CHECK_FALSE(state.group);
}

TEST_CASE("machine state: the least limit along a group's path") {
    const Root root;
    root.write("proc/self/cgroup", "0::/outer/inner\n");
    root.write("sys/fs/cgroup/outer/memory.max", "1000000\n");
    root.write("sys/fs/cgroup/outer/memory.current", "900000\n");
    root.write("sys/fs/cgroup/outer/memory.events", "low 0\noom 3\noom_kill 2\noom_group_kill 0\n");
    root.write("sys/fs/cgroup/outer/inner/memory.max", "max\n");
    const auto state = machine_state("self", root.path());
    REQUIRE(state.group);
    CHECK(state.group->limit == 1'000'000);
    CHECK(state.group->used == 900'000);
    CHECK(state.group->killed == 2);
    CHECK(fs::path(state.group->folder).filename() == "outer");
}

TEST_CASE("machine state: version 1 says that there is no limit by a huge number") {
    const Root root;
    root.write("proc/self/cgroup", "5:cpu,memory:/box\n0::/\n");
    root.write("sys/fs/cgroup/memory/box/memory.limit_in_bytes", "9223372036854771712\n");
    CHECK_FALSE(machine_state("self", root.path()).group);
    root.write("sys/fs/cgroup/memory/box/memory.limit_in_bytes", "4096\n");
    REQUIRE(machine_state("self", root.path()).group);
    CHECK(machine_state("self", root.path()).group->limit == 4096);
}

TEST_CASE("machine state: nothing is known where nothing can be read") {
    const Root root;
    const auto state = machine_state("self", root.path());
    CHECK(state.huge_pages.empty());
    CHECK(state.most_mappings == 0);
    CHECK_FALSE(state.group);
    CHECK_FALSE(state.address_limit);
}
