// SPDX-License-Identifier: MIT
// Runs real commands. Whatever a command does, the call must return and report the result.
#include "measure/child.h"
#include "measure/stacks.h"

#include <catch2/catch.hpp>
#include <cerrno>
#include <csignal>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

using namespace ashlar::measure;
using namespace std::chrono_literals;

namespace {

constexpr auto kAmple = 60s; // for commands that end by themselves, even on a busy machine

Run shell(const std::string& script, std::chrono::milliseconds limit = kAmple) {
    return run({.arguments = {"sh", "-c", script}}, {.time_limit = limit});
}

} // namespace

TEST_CASE("child: output, errors and exit status") {
    const Run result = shell("echo out; echo err >&2; exit 3");
    CHECK(result.ending == Ending::kExited);
    CHECK(result.code == 3);
    CHECK(result.output == "out\n");
    CHECK(result.errors == "err\n");
    CHECK_FALSE(result.succeeded());
    CHECK(describe_ending(result) == "exit status 3");
    CHECK(result.usage.wall_seconds > 0);
    CHECK(result.images.empty());
}

TEST_CASE("child: a signal is named") {
    const Run result = shell("kill -SEGV $$");
    CHECK(result.ending == Ending::kSignalled);
    CHECK(result.code == SIGSEGV);
    CHECK(describe_ending(result).find("SIGSEGV") != std::string::npos);
}

TEST_CASE("child: a command that does not exist") {
    const Run result = run({.arguments = {"/no/such/command"}}, {.time_limit = kAmple});
    CHECK(result.ending == Ending::kNotRun);
    CHECK(result.code == ENOENT);
    CHECK(describe_ending(result).find("No such file") != std::string::npos);
}

TEST_CASE("child: one that hangs is looked at, then ended") {
    pid_t seen = 0;
    const auto look = [&](const std::vector<pid_t>& processes) {
        REQUIRE(processes.size() == 1);
        seen = processes.front();
        CHECK(kill(seen, 0) == 0);
    };
    const Run result = run({.arguments = {"sleep", "1000"}}, {.time_limit = 200ms, .on_time_out = look});
    CHECK(result.ending == Ending::kTimedOut);
    CHECK(seen > 0);
    CHECK(kill(seen, 0) != 0);
}

TEST_CASE("child: one that ignores signals is ended all the same") {
    const Run result = shell("trap '' TERM INT HUP; while :; do sleep 1000; done", 300ms);
    CHECK(result.ending == Ending::kTimedOut);
}

TEST_CASE("child: what it leaves running in its group does not outlive it") {
    // The grandchild holds the pipes open. The call must not wait for the grandchild.
    const Run result = shell("sleep 1000 & echo $!");
    CHECK(result.succeeded());
    const pid_t grandchild = std::stoi(result.output);
    // Becomes readable when the grandchild ends. There is none if it is gone already.
    const auto descriptor = static_cast<int>(syscall(SYS_pidfd_open, grandchild, 0));
    if (descriptor == -1) {
        CHECK(errno == ESRCH);
        return;
    }
    pollfd ended{.fd = descriptor, .events = POLLIN, .revents = 0};
    CHECK(poll(&ended, 1, 10'000) == 1);
    close(descriptor);
}

TEST_CASE("child: one that prints without end is cut off, and the end of its output kept") {
    const Run endless = shell("while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done", 500ms);
    CHECK(endless.ending == Ending::kTimedOut);
    CHECK(endless.output.size() < 1'000'000);
    const Run much = shell("head -c 3000000 /dev/zero; echo; echo last");
    CHECK(much.succeeded());
    CHECK(much.output.ends_with("\nlast\n"));
    CHECK(much.output.size() < 1'000'000);
}

TEST_CASE("child: usage is the command's own, not this program's") {
    const std::vector<char> ballast(std::size_t{64} << 20, 'x');
    CHECK(ballast.back() == 'x');
    const Run small = run({.arguments = {"true"}}, {.time_limit = kAmple});
    CHECK(small.usage.peak_rss_kib > 100);
    CHECK(small.usage.peak_rss_kib < 40'000);
    const Run busy = shell("i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done");
    CHECK(busy.usage.cpu_seconds() > small.usage.cpu_seconds());
    CHECK(busy.usage.minor_faults > 0);
}

TEST_CASE("child: usage is that of all processes, also of those that nobody waited for") {
    // Each of three processes uses 0.5 s of CPU time: the command, an unwaited background process, and an
    // orphan in another session.
    const std::string spin = "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done";
    const std::string alone = "sh -c '" + spin + "'";
    const double one = shell(alone).usage.cpu_seconds();
    const Run all =
        run({.arguments = {"sh", "-c", alone + " & (setsid " + alone + " &) ; " + alone}, .is_service = true},
            {.time_limit = kAmple});
    CHECK(all.succeeded());
    CHECK(all.usage.cpu_seconds() > 2.2 * one);
}

TEST_CASE("child: a service is over when nothing of it is left, and not before") {
    const Run daemon = run(
        {.arguments = {"sh", "-c", "(setsid sh -c 'sleep 0.3; echo late' &); exit 0"}, .is_service = true},
        {.time_limit = kAmple});
    CHECK(daemon.succeeded());
    CHECK(daemon.output == "late\n");
    const Run failed =
        run({.arguments = {"sh", "-c", "sleep 1000 & exit 3"}, .is_service = true}, {.time_limit = kAmple});
    CHECK(failed.ending == Ending::kExited);
    CHECK(failed.code == 3);
}

TEST_CASE("child: nothing is preloaded unless it is asked for") {
    setenv("LD_PRELOAD", "/no/such/library.so", 1);
    const Run result = shell("echo \"[$LD_PRELOAD]\"");
    unsetenv("LD_PRELOAD");
    CHECK(result.output == "[]\n");
}

TEST_CASE("child: a library that cannot be preloaded is found out") {
    const Run result = run({.arguments = {"true"}, .preload = "/no/such/library.so", .prove_preload = true},
                           {.time_limit = kAmple});
    CHECK(result.succeeded());
    for (const Image& image : result.images) { // empty if tracing is not permitted
        CHECK_FALSE(image.preload_mapped);
        CHECK(image.executable.ends_with("true"));
    }
}

TEST_CASE("child: the stacks of a process tell where its threads are") {
    std::string stacks;
    run({.arguments = {"sleep", "1000"}},
        {.time_limit = 300ms, .on_time_out = [&](const auto& processes) {
             stacks = thread_stacks(processes, std::chrono::steady_clock::now() + kDebuggerLimit);
         }});
    CHECK(stacks.find("comm: sleep") != std::string::npos);
}
