// SPDX-License-Identifier: MIT
#include "observe/machine_advice.h"

#include <catch2/catch.hpp>

using ashlar::diagnose::Finding;
using ashlar::diagnose::MachineState;
using namespace ashlar::observe;

namespace {

// A machine that needs no advice.
MachineState good() {
    return {.huge_pages = "madvise",
            .group = std::nullopt,
            .most_mappings = 65'530,
            .mappings = 100,
            .overcommit = 0,
            .commit_limit = 8ULL << 30,
            .committed = 8ULL << 30,
            .page_size = 4096,
            .address_limit = std::nullopt,
            .data_limit = std::nullopt,
            .lock_limit = 64ULL << 10,
            .kernel = "6.13.0",
            .features = {}};
}

// Returns the only finding. Its command must be free of explanations, so that users can copy it.
Finding found(const MachineState& state, const AllocatorUse& use = {}) {
    const auto findings = machine_advice(state, use);
    REQUIRE(findings.size() == 1);
    CHECK_FALSE(findings.front().remedy.empty());
    CHECK(findings.front().remedy.find('(') == std::string::npos);
    return findings.front();
}

} // namespace

TEST_CASE("machine advice: none where nothing is in the way") {
    CHECK(machine_advice(good(), {}).empty());
    CHECK(machine_advice({}, {}).empty()); // no figure is readable
}

TEST_CASE("machine advice: huge pages that are wanted and not there, or there and not wanted") {
    MachineState state = good();
    state.huge_pages = "never";
    CHECK(machine_advice(state, {}).empty());
    CHECK(found(state, {.settings = "print:true,huge_pages:auto"}).cause == "huge pages");
    CHECK(machine_advice(state, {.settings = "huge_pages:auto,huge_pages:never"}).empty());
    state.huge_pages = "always";
    CHECK(found(state).remedy == "echo madvise | sudo tee /sys/kernel/mm/transparent_hugepage/enabled");
}

TEST_CASE("machine advice: a control group near its limit, or that has ended processes") {
    MachineState state = good();
    state.group = {.folder = "/sys/fs/cgroup/box", .limit = 100ULL << 20, .used = 50ULL << 20, .killed = 0};
    CHECK(machine_advice(state, {}).empty());
    state.group->used = 95ULL << 20;
    CHECK(found(state).what.find("95.0 MiB of its 100.0 MiB") != std::string::npos);
    state.group->killed = 2;
    CHECK(found(state).what.find("ended 2 processes") != std::string::npos);
}

TEST_CASE("machine advice: mappings, overcommit and pages") {
    MachineState state = good();
    state.mappings = 60'000;
    CHECK(found(state).remedy == "sudo sysctl -w vm.max_map_count=262144");
    state = good();
    state.most_mappings = 4096;
    CHECK(found(state).cause == "mappings");
    state = good();
    state.overcommit = 2;
    CHECK(found(state).cause == "overcommit");
    state.committed = 1ULL << 30;
    CHECK(machine_advice(state, {}).empty());
    state = good();
    state.page_size = 65'536;
    CHECK(found(state).cause == "page size");
}

TEST_CASE("machine advice: limits of the process and static TLS") {
    MachineState state = good();
    state.address_limit = 512ULL << 20;
    CHECK(found(state).remedy == "ulimit -v unlimited");
    state.address_limit = 16ULL << 30;
    CHECK(machine_advice(state, {}).empty());
    state.data_limit = 64ULL << 20;
    CHECK(found(state).remedy == "ulimit -d unlimited");
    CHECK(found(good(), {.errors = "x.so: cannot allocate memory in static TLS block"}).cause ==
          "static TLS");
    CHECK(found(good(), {.is_hardened = true}).remedy == "ulimit -l 8192");
}

TEST_CASE("machine advice: a kernel that does not answer") {
    MachineState state = good();
    state.features.expedited_barrier = false;
    state.features.purges_locked = false;
    const Finding finding = found(state);
    CHECK(finding.cause == "kernel");
    CHECK(finding.what.find("membarrier") != std::string::npos);
    CHECK(finding.what.find("MADV_DONTNEED_LOCKED") != std::string::npos);
    state = good();
    state.features.marks_guards = false;
    CHECK(machine_advice(state, {}).empty()); // only the hardened library has guard pages
    state.lock_limit = std::nullopt;
    CHECK(machine_advice(state, {.is_hardened = true}).size() == 2); // each guard page is a mapping
}
