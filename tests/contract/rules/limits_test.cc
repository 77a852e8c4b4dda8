// SPDX-License-Identifier: MIT
// Limits on memory: small programs fit into small limits. Requests beyond the limit are refused cleanly.
#include "child.h"

#include <catch2/catch.hpp>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sched.h>
#include <string>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

using contract::Child;
using contract::program;
using contract::run;

namespace {

constexpr rlim_t kMiB = rlim_t{1} << 20;

Child limited(std::vector<std::string> command, __rlimit_resource resource, rlim_t bytes) {
    // The C library's arenas reserve 64 MiB each, which the contract does not cover. Ashlar passes all
    // requests to the C library if the address space is very small.
    return Child{std::move(command), {{"MALLOC_ARENA_MAX", "1"}}, [resource, bytes] {
                     // Sets the usual size of thread stacks, whatever the machine's default.
                     const struct rlimit stack { 8 * kMiB, 8 * kMiB };
                     setrlimit(RLIMIT_STACK, &stack);
                     const struct rlimit limit { bytes, bytes };
                     setrlimit(resource, &limit);
                 }};
}

std::string in_bytes(rlim_t size) {
    return std::to_string(size);
}

constexpr rlim_t k256KiB = kMiB / 4;

// Two block sizes: the second replaces the first.
struct Change {
    const char* first;
    const char* then;
};

} // namespace

TEST_CASE("/bin/true runs within 3 MiB of address space and every limit above") {
    for (rlim_t size = 3; size <= 4096; size += size / 4 + 1) {
        INFO(size << " MiB");
        REQUIRE_CLEAN(run(limited({"/bin/true"}, RLIMIT_AS, size * kMiB)));
    }
}

TEST_CASE("four threads with usual stacks run within 37 MiB of address space and every limit above") {
    for (rlim_t size = 37; size <= 2048; size += size / 4) {
        INFO(size << " MiB");
        REQUIRE_CLEAN(run(limited({program("four_threads"), in_bytes(8 * kMiB)}, RLIMIT_AS, size * kMiB)));
    }
}

TEST_CASE("four threads with small stacks run within 32 MiB of address space and every limit above") {
    for (rlim_t size = 32; size <= 2048; size += size / 4) {
        INFO(size << " MiB");
        REQUIRE_CLEAN(run(limited({program("four_threads"), in_bytes(k256KiB)}, RLIMIT_AS, size * kMiB)));
    }
}

TEST_CASE("an address space much smaller than the machine's leaves room for the program's own mappings") {
    // The program maps half of its limit itself, once before it allocates and once after.
    for (rlim_t size = 64; size <= 64 * 1024; size *= 2) {
        INFO(size << " MiB");
        REQUIRE_CLEAN(
            run(limited({program("own_mappings"), in_bytes(size * kMiB / 2)}, RLIMIT_AS, size * kMiB)));
    }
}

TEST_CASE("programs run within a small limit on data") {
    for (rlim_t size = 4; size <= 1024; size *= 2) {
        INFO(size << " MiB");
        REQUIRE_CLEAN(run(limited({"/bin/true"}, RLIMIT_DATA, size * kMiB)));
    }
    for (rlim_t size = 16; size <= 1024; size *= 2) {
        INFO(size << " MiB");
        REQUIRE_CLEAN(run(limited({program("four_threads"), in_bytes(k256KiB)}, RLIMIT_DATA, size * kMiB)));
    }
}

TEST_CASE("memory that runs out gives null and ENOMEM, and works again once some is freed") {
    struct Case {
        __rlimit_resource resource;
        rlim_t size;
    };
    for (const Case& c :
         {Case{RLIMIT_AS, 40}, Case{RLIMIT_AS, 130}, Case{RLIMIT_DATA, 40}, Case{RLIMIT_DATA, 100}}) {
        for (const char* const size : {"64", "1000", "20000", "100000", "mixed"}) {
            INFO((c.resource == RLIMIT_AS ? "RLIMIT_AS " : "RLIMIT_DATA ")
                 << c.size << " MiB, blocks of " << size);
            REQUIRE_CLEAN(run(limited({program("out_of_memory"), size}, c.resource, c.size * kMiB)));
        }
    }
}

TEST_CASE("memory that was freed serves blocks of other sizes") {
    for (const rlim_t size : {40, 64}) {
        for (const Change& c :
             {Change{"10000000", "64"}, Change{"10000000", "5000"}, Change{"3000000", "9000000"},
              Change{"100000", "5000000"}, Change{"20000", "1000000"}}) {
            INFO(size << " MiB, " << c.first << " and " << c.then << " bytes");
            REQUIRE_CLEAN(
                run(limited({program("changing_sizes"), c.first, c.then, "1"}, RLIMIT_DATA, size * kMiB)));
            REQUIRE_CLEAN(
                run(limited({program("changing_sizes"), c.first, c.then, "1"}, RLIMIT_AS, 2 * size * kMiB)));
        }
    }
}

// The memory may be in several pieces where only writable memory is limited.
TEST_CASE("memory that was freed in pieces serves large blocks", "[ashlar-only]") {
    for (const Change& c : {Change{"3000000", "9000000"}, Change{"10000000", "25000000"}}) {
        INFO(c.first << " and " << c.then << " bytes");
        REQUIRE_CLEAN(
            run(limited({program("changing_sizes"), c.first, c.then, "2"}, RLIMIT_DATA, 200 * kMiB)));
    }
}

TEST_CASE("what Ashlar holds free serves blocks that are the fallback's, and the other way round",
          "[ashlar-only]") {
    for (const Change& c : {Change{"10000000", "64"}, Change{"10000000", "400000"},
                            Change{"20000", "1000000"}, Change{"400000", "5000000"}}) {
        INFO(c.first << " and " << c.then << " bytes");
        Child child = limited({program("changing_sizes"), c.first, c.then, "1"}, RLIMIT_DATA, 100 * kMiB);
        child.environment.emplace_back("ASHLAR_CONF", "large_limit:500000");
        REQUIRE_CLEAN(run(child));
    }
}

TEST_CASE("new throws when memory has run out, and works again once some is freed") {
    REQUIRE_CLEAN(run(limited({program("new_out_of_memory")}, RLIMIT_AS, 128 * kMiB)));
    REQUIRE_CLEAN(run(limited({program("new_out_of_memory")}, RLIMIT_DATA, 64 * kMiB)));
}

TEST_CASE("a block shrinks without memory") {
    REQUIRE_CLEAN(run(limited({program("shrink_without_memory"), "8192"}, RLIMIT_DATA, 64 * kMiB)));
}

TEST_CASE("a block of the fallback shrinks without memory", "[ashlar-only]") {
    Child child = limited({program("shrink_without_memory"), "1000000"}, RLIMIT_DATA, 64 * kMiB);
    child.environment.emplace_back("ASHLAR_CONF", "large_limit:500000");
    REQUIRE_CLEAN(run(child));
}

TEST_CASE("threads share what memory there is when it runs out") {
    REQUIRE_CLEAN(run(limited({program("out_of_memory_threads")}, RLIMIT_AS, 200 * kMiB)));
    REQUIRE_CLEAN(run(limited({program("out_of_memory_threads")}, RLIMIT_DATA, 100 * kMiB)));
}

TEST_CASE("idle threads keep nothing that is asked for", "[ashlar-only][not-hardened]") {
    REQUIRE_CLEAN(run(Child{{program("idle_caches"), "trim"}}));
    REQUIRE_CLEAN(run(Child{{program("idle_caches"), "child"}}));
    REQUIRE_CLEAN(run(limited({program("idle_caches"), "refused"}, RLIMIT_DATA, 400 * kMiB)));
}

TEST_CASE("threads end without anybody being told") {
    REQUIRE_CLEAN(run({{program("untold_ends"), "trim"}}));
    REQUIRE_CLEAN(run({{program("untold_ends"), "fork"}}));
}

TEST_CASE("more processors appear than the process began with") {
    REQUIRE_CLEAN(run({{program("four_threads"), in_bytes(k256KiB), "all-processors"}, {}, [] {
                           cpu_set_t one;
                           CPU_ZERO(&one);
                           CPU_SET(0, &one);
                           sched_setaffinity(0, sizeof one, &one);
                       }}));
}

TEST_CASE("ten thousand threads cost little and give it back") {
    const contract::Outcome outcome = run({{program("many_threads"), "10000"}});
    INFO(outcome.describe());
    CHECK(outcome.clean());
}

TEST_CASE("strict accounting of memory is survived") {
    // The setting affects the whole machine, so the tests need explicit permission.
    const char* const wanted = std::getenv("ASHLAR_TEST_OVERCOMMIT");
    if (wanted == nullptr || std::string(wanted) != "1") {
        WARN("not tried: ASHLAR_TEST_OVERCOMMIT=1 allows to set vm.overcommit_memory for a moment");
        return;
    }
    const std::string path = "/proc/sys/vm/overcommit_memory";
    std::string before;
    std::ifstream(path) >> before;
    const auto set = [&path](const std::string& value) {
        return bool(std::ofstream(path) << value << std::flush);
    };
    REQUIRE(set("2"));
    const contract::Outcome quick = run({{"/bin/true"}});
    const contract::Outcome threads = run({{program("four_threads"), in_bytes(k256KiB)}});
    const bool restored = set(before);
    REQUIRE(restored);
    INFO(quick.describe() << "\n" << threads.describe());
    CHECK(quick.clean());
    CHECK(threads.clean());
}

// The program allocates and frees large blocks, 30 to 50 MiB at a time.
TEST_CASE("near the limit of a control group little stays dirty", "[ashlar-only]") {
    const contract::Outcome outcome = run({{program("control_group"), "pretend", in_bytes(64 * kMiB)}});
    INFO(outcome.describe());
    if (outcome.status == 77 << 8) {
        WARN("not tried: this machine allows no mount namespace");
        return;
    }
    CHECK(outcome.clean());
}

TEST_CASE("a control group's limit is survived", "[ashlar-only]") {
    // Control groups belong to the whole machine, and a supervisor may own this process's group.
    const char* const parent = std::getenv("ASHLAR_TEST_CONTROL_GROUP");
    if (parent == nullptr) {
        WARN("not tried: ASHLAR_TEST_CONTROL_GROUP=DIRECTORY allows to make a group in that directory, of a "
             "hierarchy of control groups with the memory controller");
        return;
    }
    const std::string group = std::string(parent) + "/ashlar_test_" + std::to_string(getpid());
    if (mkdir(group.c_str(), 0755) != 0) {
        WARN("not tried: " << group << " cannot be made: " << std::strerror(errno));
        return;
    }
    const contract::Outcome outcome = run({{program("control_group"), "enter", group, in_bytes(64 * kMiB)}});
    const bool removed = rmdir(group.c_str()) == 0;
    INFO(outcome.describe());
    CHECK(removed);
    if (outcome.status == 77 << 8) {
        WARN("not tried: no process can be moved to " << group << ", or its limit not set");
        return;
    }
    CHECK(outcome.clean());
}
