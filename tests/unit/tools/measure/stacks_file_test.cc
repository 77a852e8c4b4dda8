// SPDX-License-Identifier: MIT
#include "measure/child.h"
#include "measure/stacks.h"
#include "measure/stacks_file.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <unistd.h>

using namespace ashlar::measure;
using namespace std::chrono_literals;

namespace {

// A folder, first in PATH, whose `gdb` runs `script`.
class FolderWithDebugger {
  public:
    explicit FolderWithDebugger(const std::string& script) {
        REQUIRE(mkdtemp(folder_) != nullptr);
        std::ofstream(path() / "gdb") << "#!/bin/sh\n" << script << "\n";
        std::filesystem::permissions(path() / "gdb", std::filesystem::perms::owner_all);
        set_path(path().string() + ":" + before_);
    }
    ~FolderWithDebugger() {
        set_path(before_);
        std::filesystem::remove_all(path());
    }
    FolderWithDebugger(const FolderWithDebugger&) = delete;
    FolderWithDebugger& operator=(const FolderWithDebugger&) = delete;

    std::filesystem::path path() const { return folder_; }

  private:
    static void set_path(const std::string& value) {
        setenv("PATH", value.c_str(), 1); // NOLINT(concurrency-mt-unsafe): there is one thread
    }

    char folder_[32] = "/tmp/ashlar-stacks-XXXXXX";
    std::string before_ = std::getenv("PATH"); // NOLINT(concurrency-mt-unsafe)
};

std::string contents_of(const std::filesystem::path& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

std::ptrdiff_t occurrences(const std::string& text, const std::string& part) {
    std::ptrdiff_t count = 0;
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
        ++count;
    }
    return count;
}

} // namespace

TEST_CASE("stacks file: two of the same name are two files, and one run has one") {
    const FolderWithDebugger folder("echo backtrace");
    StacksFile one(folder.path(), "hang-x", "heading", nullptr);
    StacksFile other(folder.path(), "hang-x", "heading", nullptr);
    CHECK(one.path().empty());
    one.add({getpid()});
    one.add({getpid()});
    other.add({getpid()});
    CHECK(one.path() != other.path());
    CHECK(one.path().starts_with((folder.path() / "hang-x-").string()));
    CHECK(occurrences(contents_of(one.path()), "backtrace") == 2);
    CHECK(occurrences(contents_of(other.path()), "backtrace") == 1);
    const auto permissions = std::filesystem::status(one.path()).permissions();
    CHECK((permissions & std::filesystem::perms::others_all) == std::filesystem::perms::none);
}

TEST_CASE("stacks file: that it cannot be written is no error") {
    const FolderWithDebugger folder("echo backtrace");
    StacksFile file("/no/such/folder", "hang-x", "heading", nullptr);
    file.add({getpid()});
    CHECK(file.path().empty());
}

TEST_CASE("stacks: a debugger that does not end is stopped once, not for each process") {
    const FolderWithDebugger folder("echo $$ >>" + std::string("\"$0.started\"; exec sleep 1000"));
    const Run run = ashlar::measure::run(
        {.arguments = {"sh", "-c", "sleep 1000 & sleep 1000 & sleep 1000 & wait"}},
        {.time_limit = 1s, .on_time_out = [&](const auto& processes) {
             const auto deadline = std::chrono::steady_clock::now() + 500ms;
             const std::string text = thread_stacks(processes, deadline);
             CHECK(occurrences(text, "gdb: timed out") == 1);
             CHECK(occurrences(text, "gdb: not asked") == occurrences(text, "From /proc:") - 1);
             CHECK(occurrences(text, "From /proc:") >= 2);
         }});
    CHECK(run.ending == Ending::kTimedOut);
    CHECK(occurrences(contents_of(folder.path() / "gdb.started"), "\n") == 1);
}

TEST_CASE("stacks: an interrupt stops the debugger") {
    const FolderWithDebugger folder("kill -TERM " + std::to_string(getpid()) + "; exec sleep 1000");
    const ashlar::machine::Interrupt interrupt;
    const auto later = std::chrono::steady_clock::now() + 1h;
    CHECK(occurrences(thread_stacks({getpid()}, later, &interrupt), "gdb: interrupted") == 1);
}
