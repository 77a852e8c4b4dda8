// SPDX-License-Identifier: MIT
#include "process/access.h"

#include <catch2/catch.hpp>
#include <linux/capability.h>
#include <unistd.h>

using namespace ashlar::process;

namespace {

constexpr std::uint64_t kPtrace = std::uint64_t{1} << CAP_SYS_PTRACE;

AccessFacts equals() {
    AccessFacts facts;
    facts.my_user = 1000;
    facts.my_group = 1000;
    facts.target.user = 1000;
    facts.target.group = 1000;
    return facts;
}

} // namespace

TEST_CASE("a refusal is explained by the first rule of the kernel's that holds") {
    AccessFacts facts = equals();
    CHECK(explain_refusal(facts).cause == "unknown");

    facts = equals();
    facts.target.user = 109;
    CHECK(explain_refusal(facts).cause == "another user");
    CHECK(explain_refusal(facts).what.find("109") != std::string::npos);
    CHECK(explain_refusal(facts).remedy.find("CAP_SYS_PTRACE") != std::string::npos);

    facts = equals();
    facts.target.group = 7;
    CHECK(explain_refusal(facts).cause == "another user");

    facts = equals();
    facts.target.changed_identity = true;
    CHECK(explain_refusal(facts).cause == "another user");

    facts = equals();
    facts.target_is_dumpable = false;
    CHECK(explain_refusal(facts).cause == "not dumpable");
    facts.my_capabilities = kPtrace;
    CHECK(explain_refusal(facts).cause == "unknown");

    facts = equals();
    facts.target.permitted_capabilities = 1;
    CHECK(explain_refusal(facts).cause == "capabilities");
    facts.my_capabilities = 1;
    CHECK(explain_refusal(facts).cause == "unknown");

    facts = equals();
    facts.same_user_namespace = false;
    CHECK(explain_refusal(facts).cause == "namespace");

    facts = equals();
    facts.i_am_filtered = true;
    CHECK(explain_refusal(facts).cause == "seccomp");
}

TEST_CASE("Yama is named with its value") {
    AccessFacts facts = equals();
    facts.yama = 0;
    CHECK(explain_refusal(facts).cause == "unknown");
    for (const int scope : {1, 2, 3}) {
        facts.yama = scope;
        const Refusal refusal = explain_refusal(facts);
        CHECK(refusal.cause == "yama");
        CHECK(refusal.what.find("ptrace_scope is " + std::to_string(scope)) != std::string::npos);
    }
    facts.my_capabilities = kPtrace;
    CHECK(explain_refusal(facts).cause == "yama"); // 3 binds everybody
    facts.yama = 2;
    CHECK(explain_refusal(facts).cause == "unknown");
    // The kernel refuses access to another user's process even without Yama, so that cause has priority.
    facts = equals();
    facts.yama = 1;
    facts.target.user = 109;
    CHECK(explain_refusal(facts).cause == "another user");
}

TEST_CASE("the facts about this process itself are those of equals") {
    const Files self(getpid());
    const auto status = parse_status(self.read("status").value());
    REQUIRE(status);
    const AccessFacts facts = access_facts(self, *status);
    CHECK(facts.my_user == facts.target.user);
    CHECK(facts.target_is_dumpable);
    CHECK(facts.same_user_namespace);
}
