// SPDX-License-Identifier: MIT
#include "process/files.h"
#include "process/status.h"

#include <catch2/catch.hpp>
#include <string>
#include <unistd.h>

using namespace ashlar::process;

namespace {

constexpr const char* kText =
    "Name:\tredis-server\nState:\tS (sleeping)\nTgid:\t12\nUid:\t109\t109\t109\t109\n"
    "Gid:\t116\t116\t116\t116\nVmHWM:\t    9000 kB\nVmRSS:\t    8000 kB\n"
    "RssAnon:\t    5000 kB\nRssFile:\t    2900 kB\nRssShmem:\t     100 kB\n"
    "VmSwap:\t      12 kB\nThreads:\t4\nCapPrm:\t0000000000002000\n";

} // namespace

TEST_CASE("the status of a process is read") {
    const auto status = parse_status(kText);
    REQUIRE(status);
    CHECK(status->name == "redis-server");
    CHECK(status->state == 'S');
    CHECK(status->user == 109);
    CHECK(status->group == 116);
    CHECK_FALSE(status->changed_identity);
    CHECK(status->permitted_capabilities == 0x2000);
    CHECK(status->threads == 4);
    CHECK(status->has_memory);
    CHECK(status->rss == 8000 * 1024);
    CHECK(status->rss_peak == 9000 * 1024);
    CHECK(status->rss_anonymous == 5000 * 1024);
    CHECK(status->rss_file == 2900 * 1024);
    CHECK(status->rss_shared == 100 * 1024);
    CHECK(status->swap == 12 * 1024);
}

TEST_CASE("a process with other effective identities has changed them") {
    CHECK(parse_status("Uid:\t1\t0\t0\t0\nGid:\t1\t1\t1\t1\n")->changed_identity);
    CHECK(parse_status("Uid:\t1\t1\t0\t1\nGid:\t1\t1\t1\t1\n")->changed_identity);
    CHECK(parse_status("Uid:\t1\t1\t1\t1\nGid:\t1\t2\t1\t1\n")->changed_identity);
    CHECK_FALSE(parse_status("Uid:\t1\t1\t1\t0\nGid:\t1\t1\t1\t0\n")->changed_identity);
}

TEST_CASE("a process without memory has none") {
    const auto zombie =
        parse_status("Name:\tgone\nState:\tZ (zombie)\nUid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\nThreads:\t1\n");
    REQUIRE(zombie);
    CHECK_FALSE(zombie->has_memory);
    CHECK(zombie->state == 'Z');
}

TEST_CASE("what is no status is refused") {
    CHECK_FALSE(parse_status(""));
    CHECK_FALSE(parse_status("Name: x\n"));
    CHECK_FALSE(parse_status("Uid: 1 2 3\nGid: 1 1 1 1\n"));
    CHECK_FALSE(parse_status("Uid: -1 1 1 1\nGid: 1 1 1 1\n"));
    CHECK_FALSE(parse_status("Uid: 99999999999 1 1 1\nGid: 1 1 1 1\n"));
    const std::string text = kText;
    for (std::size_t length = 0; length <= text.size(); ++length) {
        parse_status(text.substr(0, length));
    }
}

TEST_CASE("the start time is the 22nd field, whatever the name is") {
    const std::string rest = " S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 777 20 21\n";
    CHECK(parse_start_time("12 (name)" + rest) == 777);
    CHECK(parse_start_time("12 (a) b (c))" + rest) == 777);
    CHECK_FALSE(parse_start_time(""));
    CHECK_FALSE(parse_start_time("12 name"));
    CHECK_FALSE(parse_start_time("12 (name) S 1 2 3"));
    CHECK(parse_start_time(Files(getpid()).read("stat").value()).value() > 0);
}

TEST_CASE("processor time is the sum of two fields") {
    CHECK(parse_processor_time("12 (a) b) S 1 2 3 4 5 6 7 8 9 10 500 60 1 2\n") == 560);
    CHECK_FALSE(parse_processor_time("12 (a) S 1 2 3 4 5 6 7 8 9 10 500"));
    CHECK_FALSE(parse_processor_time("12 (a) S 1 2"));
    CHECK_FALSE(parse_processor_time(""));
}
