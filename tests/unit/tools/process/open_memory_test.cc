// SPDX-License-Identifier: MIT
#include "process/open_memory.h"

#include <array>
#include <catch2/catch.hpp>
#include <cerrno>
#include <csignal>
#include <sys/wait.h>
#include <unistd.h>

using namespace ashlar::process;

namespace {

volatile int word = 1;

Address place() {
    return reinterpret_cast<Address>(&word);
}

// A forked copy of this process, which runs another program on request.
class Child {
  public:
    Child() {
        REQUIRE(pipe(pipe_.data()) == 0);
        process_ = fork();
        if (process_ == 0) {
            char byte = 0;
            if (read(pipe_[0], &byte, 1) == 1) {
                execl("/bin/sleep", "sleep", "1000", nullptr);
            }
            _exit(1);
        }
    }
    ~Child() {
        end();
        close(pipe_[0]);
        close(pipe_[1]);
    }
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;

    pid_t process() const { return process_; }
    void execute() const { REQUIRE(write(pipe_[1], "x", 1) == 1); }
    void end() {
        if (process_ > 0) {
            kill(process_, SIGKILL);
            waitpid(process_, nullptr, 0);
            process_ = 0;
        }
    }

  private:
    std::array<int, 2> pipe_{};
    pid_t process_ = 0;
};

} // namespace

TEST_CASE("open memory is written in the process and nowhere else") {
    const Child child;
    const OpenMemory memory{Files(child.process())};
    REQUIRE(memory.open());
    const int two = 2;
    int found = 0;
    CHECK(memory.write_bytes(place(), &two, sizeof two));
    CHECK(memory.read_bytes(place(), &found, sizeof found));
    CHECK(found == 2);
    CHECK(word == 1);
    CHECK_FALSE(memory.write_bytes(0, &two, sizeof two));
    CHECK(errno == EFAULT);
    CHECK_FALSE(memory.read_bytes(~Address{0} - 1, &found, sizeof found));
    CHECK(errno == EFAULT);
}

TEST_CASE("open memory of a process that has ended cannot be written") {
    Child child;
    const OpenMemory memory{Files(child.process())};
    int found = 0;
    REQUIRE(memory.read_bytes(place(), &found, sizeof found));
    child.end();
    CHECK_FALSE(memory.write_bytes(place(), &found, sizeof found));
    CHECK(errno == ESRCH);
    CHECK_FALSE(memory.read_bytes(place(), &found, sizeof found));
    CHECK(errno == ESRCH);
    CHECK_FALSE(OpenMemory(Files(child.process())).open());
}

TEST_CASE("open memory does not become that of the next program") {
    const Child child;
    const OpenMemory memory{Files(child.process())};
    int found = 0;
    REQUIRE(memory.read_bytes(place(), &found, sizeof found));
    child.execute();
    while (memory.read_bytes(place(), &found, sizeof found)) { // until the child has executed the program
        usleep(1000);
    }
    CHECK(errno == ESRCH);
    CHECK_FALSE(memory.write_bytes(place(), &found, sizeof found));
    CHECK(errno == ESRCH);
}
