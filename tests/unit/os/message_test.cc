// SPDX-License-Identifier: MIT
#include "../support/child.h"
#include "os/message.h"
#include "os/process.h"

#include <array>
#include <catch2/catch.hpp>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <fcntl.h>
#include <iostream>
#include <limits>
#include <string>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace {

using ashlar::os::Message;

TEST_CASE("message: parts follow one another") {
    Message message;
    CHECK(message.view().empty());
    message.text("blocks: ").number(17).text(", at ").address(reinterpret_cast<void*>(0xabc0)).text("");
    CHECK(message.view() == "blocks: 17, at 0xabc0");
}

TEST_CASE("message: numbers and addresses from the smallest to the largest") {
    constexpr auto kMost = std::numeric_limits<std::uint64_t>::max();
    CHECK(Message().number(0).view() == "0");
    CHECK(Message().number(9).view() == "9");
    CHECK(Message().number(10).view() == "10");
    CHECK(Message().number(kMost).view() == "18446744073709551615");
    CHECK(Message().address(nullptr).view() == "0x0");
    CHECK(Message().address(reinterpret_cast<void*>(0xf)).view() == "0xf");
    CHECK(Message().address(reinterpret_cast<void*>(0x10)).view() == "0x10");
    CHECK(Message().address(reinterpret_cast<void*>(kMost)).view() == "0xffffffffffffffff");
}

TEST_CASE("message: what does not fit is cut off") {
    std::string whole;
    Message message;
    for (unsigned i = 0; i < 1000; ++i) {
        message.text("word ").number(i).text(" ");
        whole += "word " + std::to_string(i) + " ";
    }
    const std::string_view kept = message.view();
    CHECK(kept.size() >= 256);
    CHECK(kept.size() < whole.size());
    CHECK(kept == whole.substr(0, kept.size()));
    message.text("more").number(1).address(&message);
    CHECK(message.view() == kept);
}

TEST_CASE("message: a single text longer than the message is cut too") {
    const std::string text(100'000, 'x');
    Message message;
    message.text(text);
    CHECK(message.view().size() >= 256);
    CHECK(message.view() == text.substr(0, message.view().size()));
}

TEST_CASE("message: what somebody else wrote is shown as in C source") {
    CHECK(Message().quoted("").view() == R"("")");
    CHECK(Message().text("key ").quoted("thread_cache ~").text("!").view() == R"(key "thread_cache ~"!)");
    CHECK(Message().quoted("say \"a\\b\"").view() == R"("say \"a\\b\"")");
    CHECK(Message().quoted(std::string_view("\0\t\n\x1b[2J\x7f\x80\xff", 10)).view() ==
          R"("\x00\x09\x0a\x1b[2J\x7f\x80\xff")");
    const std::string most(Message::kMostQuoted, 'x');
    CHECK(Message().quoted(most).view() == "\"" + most + "\"");
    CHECK(Message().quoted(most + "y").text(" and more").view() == "\"" + most + "\"... and more");
}

TEST_CASE("message: is written as it is and keeps errno") {
    std::array<int, 2> ends{};
    REQUIRE(::pipe(ends.data()) == 0);
    errno = EDOM;
    Message().text("one\ntwo ").number(2).write_to(ends[1]);
    CHECK(errno == EDOM);
    std::array<char, 64> buffer{};
    const auto count = static_cast<std::size_t>(::read(ends[0], buffer.data(), buffer.size()));
    CHECK(std::string_view(buffer.data(), count) == "one\ntwo 2");
    ::close(ends[0]);
    ::close(ends[1]);
    errno = EDOM;
    Message().text("lost").write_to(ends[1]);
    CHECK(errno == EDOM);
}

TEST_CASE("message: a warning is one line on stderr") {
    const unit::Outcome outcome =
        unit::run_here([] { ashlar::os::warn(Message().text("careful, ").number(3)); });
    UNIT_REQUIRE_PASSED(outcome);
    CHECK(outcome.errors == "ashlar: careful, 3\n");
    CHECK(outcome.output.empty());
}

// The line's buffer is as long as the message's, so the text is cut and the newline kept.
TEST_CASE("message: a warning of any length ends its line") {
    for (const std::size_t length : {Message::kCapacity - 17, Message::kCapacity - 9, Message::kCapacity - 8,
                                     Message::kCapacity, Message::kCapacity + 1, std::size_t{5000}}) {
        const unit::Outcome outcome =
            unit::run_here([&] { ashlar::os::warn(Message().text(std::string(length, 'x'))); });
        CAPTURE(length);
        const bool whole_line = outcome.errors.rfind("ashlar: xxx", 0) == 0 && outcome.errors.back() == '\n';
        CHECK(whole_line);
    }
}

// ---- The last words

std::string last_line_of(const std::string& process) {
    return "ashlar: the end; program \"" + std::string(ashlar::os::program_name()) + "\", process " +
           process + ", thread " + process + "\n";
}

TEST_CASE("message: a fatal one names program, process and thread, and ends the process") {
    const unit::Outcome outcome = unit::run_here([] {
        std::cout << ::getpid() << std::flush;
        ashlar::os::fatal(Message().text("the end"));
    });
    UNIT_REQUIRE_ABORTED(last_line_of(outcome.output), outcome);
    const unit::Outcome advised =
        unit::run_here([] { ashlar::os::fatal(Message().text("the end"), "Do it."); });
    UNIT_REQUIRE_ABORTED("\nashlar: Do it.\n", advised);
}

TEST_CASE("message: a fatal one of any length names them too, and ends its lines") {
    const std::string advice(160, 'a');
    const unit::Outcome outcome =
        unit::run_here([&] { ashlar::os::fatal(Message().text(std::string(5000, 'x')), advice); });
    UNIT_REQUIRE_ABORTED("xxx; program \"", outcome);
    UNIT_REQUIRE_ABORTED("\nashlar: " + advice + "\n", outcome);
}

// Returns the ends of a full pipe: a non-blocking reader, and a writer that blocks if wanted.
std::array<int, 2> full_pipe(bool blocks_writer) {
    std::array<int, 2> ends{};
    REQUIRE(::pipe2(ends.data(), O_NONBLOCK) == 0);
    const std::array<char, 4096> filling{};
    while (::write(ends[1], filling.data(), filling.size()) > 0) {
    }
    if (blocks_writer) REQUIRE(::fcntl(ends[1], F_SETFL, 0) == 0);
    return ends;
}

// The parent begins to read while the child may already wait for room.
TEST_CASE("message: a full pipe gets the last words when there is room") {
    const bool blocking = GENERATE(false, true);
    const unit::Outcome outcome = unit::run_here([blocking] {
        const std::array<int, 2> ends = full_pipe(blocking);
        const int errors = ::dup(STDERR_FILENO);
        REQUIRE(::dup2(ends[1], STDERR_FILENO) == STDERR_FILENO);
        const pid_t pid = ::fork();
        if (pid == 0) ashlar::os::fatal(Message().text("the end"));
        std::string read;
        while (read.find("the end") == std::string::npos) {
            std::array<char, 4096> piece{};
            const ssize_t count = ::read(ends[0], piece.data(), piece.size());
            if (count > 0) read.assign(piece.data(), static_cast<std::size_t>(count));
        }
        int status = 0;
        ::waitpid(pid, &status, 0);
        ::dup2(errors, STDERR_FILENO);
        REQUIRE(WIFSIGNALED(status));
        REQUIRE(WTERMSIG(status) == SIGABRT);
    });
    UNIT_REQUIRE_PASSED(outcome);
}

TEST_CASE("message: a full pipe whose reader waits for the process keeps nobody") {
    const bool blocking = GENERATE(false, true);
    const unit::Outcome outcome = unit::run_here([blocking] {
        const std::array<int, 2> ends = full_pipe(blocking);
        REQUIRE(::dup2(ends[1], STDERR_FILENO) == STDERR_FILENO);
        ashlar::os::fatal(Message().text("the end"));
    });
    CHECK(outcome.killed_by(SIGABRT));
}

TEST_CASE("message: a pipe that nobody reads does not hide that the process was aborted") {
    const unit::Outcome outcome = unit::run_here([] {
        std::array<int, 2> ends{};
        REQUIRE(::pipe(ends.data()) == 0);
        ::close(ends[0]);
        REQUIRE(::dup2(ends[1], STDERR_FILENO) == STDERR_FILENO);
        ashlar::os::fatal(Message().text("the end"));
    });
    CHECK(outcome.killed_by(SIGABRT));
}

TEST_CASE("message: the last words go to the terminal if stderr is closed") {
    const int terminal = ::posix_openpt(O_RDWR | O_NOCTTY);
    REQUIRE(terminal >= 0);
    REQUIRE(::grantpt(terminal) == 0);
    REQUIRE(::unlockpt(terminal) == 0);
    std::array<char, 100> name{};
    REQUIRE(::ptsname_r(terminal, name.data(), name.size()) == 0);
    UNIT_REQUIRE_PASSED(unit::run_here([&] {
        const pid_t pid = ::fork();
        if (pid == 0) {
            ::setsid();
            ::open(name.data(), O_RDWR); // becomes the session's terminal
            ::close(STDERR_FILENO);
            ashlar::os::fatal(Message().text("the end"));
        }
        int status = 0;
        REQUIRE(::waitpid(pid, &status, 0) == pid);
        REQUIRE(WIFSIGNALED(status));
        REQUIRE(WTERMSIG(status) == SIGABRT);
    }));
    std::array<char, 1000> text{};
    const ssize_t count = ::read(terminal, text.data(), text.size());
    REQUIRE(count > 0);
    CHECK_THAT(std::string(text.data(), static_cast<std::size_t>(count)),
               Catch::Matchers::Contains("ashlar: the end; program"));
    ::close(terminal);
}

} // namespace
