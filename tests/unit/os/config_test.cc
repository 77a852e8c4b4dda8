// SPDX-License-Identifier: MIT
#include "../support/child.h"
#include "os/config.h"

#include <ashlar/ashlar.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using ashlar::os::change_setting;
using ashlar::os::SetResult;
using ashlar::os::settings;
using Catch::Matchers::Contains;
using Catch::Matchers::EndsWith;

constexpr std::size_t kKi = 1024;

// Restores a setting at the end of a test.
class Restore {
  public:
    explicit Restore(std::atomic<std::size_t>& value) : value_(value), before_(value.load()) {}
    ~Restore() { value_.store(before_); }
    Restore(const Restore&) = delete;
    Restore& operator=(const Restore&) = delete;

  private:
    std::atomic<std::size_t>& value_;
    const std::size_t before_;
};

struct Bytes {
    std::string_view text;
    std::size_t value;
};

constexpr Bytes kGoodBytes[] = {
    {"0", 0},
    {"1", 1},
    {"0007", 7},
    {"65536", 65536},
    {"3k", 3 * kKi},
    {"3K", 3 * kKi},
    {"5m", 5 * kKi* kKi},
    {"5M", 5 * kKi* kKi},
    {"7g", 7 * kKi* kKi* kKi},
    {"7G", 7 * kKi* kKi* kKi},
    {"2t", 2 * kKi* kKi* kKi* kKi},
    {"2T", 2 * kKi* kKi* kKi* kKi},
    {"0t", 0},
    {"18446744073709551615", ~std::size_t{0}},
    {"18014398509481983k", 18014398509481983 * kKi},
    {"16777215t", std::size_t{16777215} << 40},
};

constexpr std::string_view kBadBytes[] = {
    "",
    "k",
    "-1",
    "+1",
    " 1",
    "1 ",
    "1.5m",
    "1kk",
    "1km",
    "1b",
    "1e6",
    "0x1",
    "true",
    "12a4",
    "m1",
    "1,",
    "1:",
    "١",
    "1kB",
    "1p",
    "18446744073709551616",  // 2^64
    "99999999999999999999",  // more, of as many digits
    "184467440737095516150", // overflows by the multiplication
    "18014398509481984k",    // 2^64 by the unit
    "16777216t",
    "18446744073709551615t",
};

constexpr std::string_view kBadSwitches[] = {"",      "1",     "0",     "yes",       "True",
                                             "FALSE", "true ", " true", "truefalse", "t"};

std::string setting(std::string_view key, std::string_view value) {
    return std::string(key) + ":" + std::string(value);
}

TEST_CASE("config: bytes with every unit") {
    const Restore restore(settings.thread_cache);
    for (const Bytes& good : kGoodBytes) {
        CAPTURE(good.text);
        CHECK(change_setting(setting("thread_cache", good.text)) == SetResult::kDone);
        CHECK(settings.thread_cache == good.value);
    }
}

TEST_CASE("config: bad bytes and overflow change nothing") {
    const Restore restore(settings.thread_cache);
    settings.thread_cache = 4711;
    for (const std::string_view bad : kBadBytes) {
        CAPTURE(bad);
        CHECK(change_setting(setting("thread_cache", bad)) == SetResult::kBadValue);
        CHECK(settings.thread_cache == 4711);
    }
    CHECK(change_setting("thread_cache") == SetResult::kBadValue);
    CHECK(settings.thread_cache == 4711);
}

TEST_CASE("config: switches are true or false") {
    const Restore restore(settings.prewarm);
    CHECK(change_setting("prewarm:true") == SetResult::kDone);
    CHECK(settings.prewarm == 1);
    for (const std::string_view bad : kBadSwitches) {
        CAPTURE(bad);
        CHECK(change_setting(setting("prewarm", bad)) == SetResult::kBadValue);
        CHECK(settings.prewarm == 1);
    }
    CHECK(change_setting("prewarm:false") == SetResult::kDone);
    CHECK(settings.prewarm == 0);
    CHECK(change_setting("prewarm") == SetResult::kBadValue);
    CHECK(change_setting("prewarm:true:true") == SetResult::kBadValue);
    CHECK(settings.prewarm == 0);
}

TEST_CASE("config: what only counts at start cannot be changed later") {
    const std::size_t window = settings.window;
    const std::size_t enabled = settings.enabled;
    const std::size_t print = settings.print;
    CHECK(change_setting("window:1g") == SetResult::kOnlyAtStart);
    CHECK(change_setting("enabled:false") == SetResult::kOnlyAtStart);
    CHECK(change_setting("print:true") == SetResult::kOnlyAtStart);
    CHECK(settings.window == window);
    CHECK(settings.enabled == enabled);
    CHECK(settings.print == print);
}

TEST_CASE("config: a key must be spelt out") {
    for (const std::string_view unknown : {"", ":", ":true", "prewar:true", "prewarmm:true", "Prewarm:true",
                                           " prewarm:true", "prewarm :true", "prewarm=true", "nothing:1"}) {
        CAPTURE(unknown);
        CHECK(change_setting(unknown) == SetResult::kUnknownKey);
    }
}

TEST_CASE("config: the public function reports by its result alone") {
    const Restore prewarm(settings.prewarm);
    const Restore thread_cache(settings.thread_cache);
    errno = EDOM;
    CHECK(ashlar_control("prewarm:true") == 0);
    CHECK(settings.prewarm == 1);
    CHECK(ashlar_control("thread_cache:1m") == 0);
    CHECK(settings.thread_cache == kKi * kKi);
    CHECK(ashlar_control("thread_cache:1x") == EINVAL);
    CHECK(ashlar_control("threadcache:1m") == EINVAL);
    CHECK(ashlar_control("") == EINVAL);
    CHECK(ashlar_control(nullptr) == EINVAL);
    CHECK(ashlar_control("enabled:false") == EPERM);
    CHECK(ashlar_control("window:1g") == EPERM);
    CHECK(ashlar_control("print:true") == EPERM);
    CHECK(errno == EDOM);
    CHECK(settings.thread_cache == kKi * kKi);
}

// ---- The environment: output of a process with `configuration` ----------------------------------------

TEST_CASE("child: config says nothing of its own", "[.child]") {}

std::string said(const std::string& configuration) {
    const unit::Outcome outcome = unit::run_test("child: config says nothing of its own", configuration);
    INFO(outcome.describe());
    REQUIRE(outcome.exited(0));
    return outcome.errors;
}

TEST_CASE("config: every key counts at start and print shows where it came from") {
    CHECK(
        said(
            "print:true,enabled:false,background:true,prewarm:true,thread_cache:3m,window:2g,large_limit:1g,"
            "purge_delay_ms:500,dirty_limit:16m,huge_pages:always,numa:off,"
            "stats_at_exit:/a.json,stats_file:/b.%p,count:true,stats_signal:12,profile:0,profile_file:/a/b%p,"
            "profile_cost:5,profile_limit:1m,profile_interval_ms:7,profile_signal:10,profile_cpu:99") ==
        "ashlar: enabled:false (ASHLAR_CONF)\n"
        "ashlar: background:true (ASHLAR_CONF)\n"
        "ashlar: prewarm:true (ASHLAR_CONF)\n"
        "ashlar: print:true (ASHLAR_CONF)\n"
        "ashlar: thread_cache:3145728 (ASHLAR_CONF)\n"
        "ashlar: large_limit:1073741824 (ASHLAR_CONF)\n"
        "ashlar: purge_delay_ms:500 (ASHLAR_CONF)\n"
        "ashlar: dirty_limit:16777216 (ASHLAR_CONF)\n"
        "ashlar: window:2147483648 (ASHLAR_CONF)\n"
        "ashlar: huge_pages:always (ASHLAR_CONF)\n"
        "ashlar: numa:off (ASHLAR_CONF)\n"
        "ashlar: stats_at_exit:/a.json (ASHLAR_CONF)\n"
        "ashlar: stats_file:/b.%p (ASHLAR_CONF)\n"
        "ashlar: count:true (ASHLAR_CONF)\n"
        "ashlar: stats_signal:12 (ASHLAR_CONF)\n"
        "ashlar: profile:0 (ASHLAR_CONF)\n"
        "ashlar: profile_file:/a/b%p (ASHLAR_CONF)\n"
        "ashlar: profile_cost:5 (ASHLAR_CONF)\n"
        "ashlar: profile_limit:1048576 (ASHLAR_CONF)\n"
        "ashlar: profile_interval_ms:7 (ASHLAR_CONF)\n"
        "ashlar: profile_signal:10 (ASHLAR_CONF)\n"
        "ashlar: profile_cpu:99 (ASHLAR_CONF)\n");
}

TEST_CASE("config: a path that is empty or too long is named") {
    CHECK_THAT(said("stats_file:"),
               Contains("bad value in \"stats_file:\" ignored; say a path of less than 256 bytes"));
    CHECK_THAT(said("stats_file:/" + std::string(255, 'x')),
               Contains("ignored; say a path of less than 256 bytes"));
    CHECK(said("stats_file:/" + std::string(254, 'x')).empty());
}

TEST_CASE("config: print shows defaults as such") {
    const std::string text = said("print:true");
    CHECK_THAT(text, Contains("ashlar: enabled:true (default)\n"));
    CHECK_THAT(text, Contains("ashlar: prewarm:false (default)\n"));
    CHECK_THAT(text, Contains("ashlar: print:true (ASHLAR_CONF)\n"));
    CHECK_THAT(text, Contains("ashlar: window:") && EndsWith(" (default)\n")); // what could be had
}

TEST_CASE("config: silent unless asked or wrong") {
    CHECK(said("").empty());
    CHECK(said("print:false,prewarm:false").empty());
    CHECK(said(",,prewarm:true,,thread_cache:1m,").empty());
}

TEST_CASE("config: an unknown key is named with the nearest one and the rest counts") {
    struct Typo {
        std::string_view written;
        std::string_view meant;
    };
    for (const Typo& typo :
         {Typo{"enable", "enabled"}, Typo{"prewam", "prewarm"}, Typo{"pirnt", "print"},
          Typo{"threadcache", "thread_cache"}, Typo{"thread_cahce", "thread_cache"},
          Typo{"windows", "window"}, Typo{"Window", "window"}, Typo{"printing", "print"}}) {
        const std::string text = said("print:true," + setting(typo.written, "true") + ",thread_cache:77k");
        CAPTURE(typo.written, text);
        CHECK_THAT(text, Contains("unknown key \"" + std::string(typo.written) + "\""));
        CHECK_THAT(text, Contains("\"" + std::string(typo.meant) + "\""));
        CHECK_THAT(text, Contains("thread_cache:78848 (ASHLAR_CONF)"));
    }
}

TEST_CASE("config: a bad value is named and the rest counts") {
    const std::string text = said("thread_cache:lots,prewarm:maybe,print:true,window:64m");
    CAPTURE(text);
    CHECK_THAT(text, Contains("\"thread_cache:lots\" ignored; say a number, with k, m, g or t for bytes\n") &&
                         Contains("\"prewarm:maybe\" ignored; say false or true\n"));
    const std::string usual = std::to_string(ashlar::os::Settings{}.thread_cache);
    CHECK_THAT(text, Contains("prewarm:false (default)") && Contains("thread_cache:" + usual + " (default)"));
    CHECK_THAT(text, Contains("window:67108864 (ASHLAR_CONF)"));
}

TEST_CASE("config: a choice is one of its names, spelt out") {
    for (const char* good : {"off", "local", "bind"})
        CHECK_THAT(said(setting("numa", good) + ",print:true"),
                   Contains("ashlar: numa:" + std::string(good) + " (ASHLAR_CONF)\n"));
    for (const char* bad : {"", "o", "offf", "Off", "off|local", "|", "local|", "0", "true", "off:off"}) {
        const std::string text = said(setting("numa", bad) + ",print:true");
        CAPTURE(bad, text);
        CHECK_THAT(text, Contains("bad value in \"numa:" + std::string(bad) +
                                  "\" ignored; say off, local or bind\n"));
        CHECK_THAT(text, Contains("numa:local (default)"));
    }
    CHECK(change_setting("huge_pages:always,numa:off") == SetResult::kOnlyAtStart);
}

TEST_CASE("config: keys of any length are survived") {
    for (const std::size_t length : {31U, 32U, 33U, 500U, 50'000U}) {
        const std::string text = said(std::string(length, 'w') + ":1,print:true");
        CAPTURE(length, text);
        CHECK_THAT(text, Contains("unknown key \"wwwwww"));
        CHECK_THAT(text, Contains("ignored; did you mean \"window\"?\n"));
        CHECK_THAT(text, Contains("print:true (ASHLAR_CONF)\n"));
    }
}

TEST_CASE("config: what a terminal would obey is not written to it") {
    const std::string text = said("\x1b[2J:1,prewarm:\a\n,print:true");
    CAPTURE(text);
    CHECK_THAT(text, Contains(R"(unknown key "\x1b[2J" ignored)"));
    CHECK_THAT(text, Contains(R"(bad value in "prewarm:\x07\x0a" ignored; say false or true)"));
    CHECK_THAT(text, Contains("print:true (ASHLAR_CONF)\n"));
}

UNIT_TEST_CASE_IN_CHILD("config: the environment is read once", "thread_cache:5m") {
    REQUIRE(settings.thread_cache == 5 * kKi * kKi);
    REQUIRE(::setenv("ASHLAR_CONF", "thread_cache:6m", 1) == 0);
    ashlar::os::read_settings(environ);
    REQUIRE(settings.thread_cache == 5 * kKi * kKi);
}

TEST_CASE("config: print shows the window that could be had") {
    CHECK_THAT(said("print:true,window:100m"), Contains("window:67108864 (ASHLAR_CONF)\n"));
}

TEST_CASE("config: a key of the hardened library is known as such") {
    const std::size_t before = settings.quarantine;
    CHECK(change_setting("quarantine:1m") == SetResult::kOnlyHardened);
    CHECK(change_setting("check_forms:true") == SetResult::kOnlyHardened);
    CHECK(change_setting("checks:pointers") == SetResult::kOnlyHardened);
    CHECK(settings.quarantine == before);
}

} // namespace
