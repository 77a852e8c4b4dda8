// SPDX-License-Identifier: MIT
//
// Runs a trace of the whole interface again and again, each time in a fresh process. Some of the library's
// system calls fail in it, from the first call of its constructor on. Then the trace runs once more without
// failures, and checks that nothing was lost. trace.h says what the trace checks, balance.h what the heap
// must look like afterwards.
//
// usage: fault_injection MODE [--points N] [--threads N] [--steps N] [--seed N] [--thorough] [--busy]
//
//   --singly       one call fails: N of them, spread over the trace, and all of the first ones
//   --in-rows      several calls in a row fail, or all from one on
//   --by-kind      all calls of one kind fail, from the first one or the middle one on
//   --by-chance    each call fails with a probability
//   --once FIRST [--count N] [--failure N] [--per-million N] [--calls BITS] [--chance-seed N]
//                  one process; see Plan in injector.h
//
//   --thorough     every call, in every way that it can fail
//   --busy         with settings that make more calls: a background thread, huge pages, bound memory, few
//                  dirty pages
#include "balance.h"
#include "common/arguments.h"
#include "common/build_kind.h"
#include "common/emulator.h"
#include "common/random.h"
#include "common/report.h"
#include "injector.h"
#include "trace.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <new>
#include <random>
#include <string>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace {

using namespace faults; // NOLINT(google-build-using-namespace): the parts of this program
using common::fail;

constexpr unsigned kSeconds = common::kSanitized ? 100 : 30; // 100 times the usual time
constexpr int kNothingFailed = 3;                            // exit status: the trace has no such call
constexpr std::uint64_t kStart = 16;                         // calls at the start, all of which are tried
constexpr std::uint64_t kForEver = kNever;

struct Options {
    std::uint64_t points;
    unsigned threads;
    std::uint64_t steps;
    std::uint64_t seed;
    bool thorough;
    bool busy;
};

// ---- In the child, where calls fail

int run_child(const Options& options) {
    alarm(kSeconds);
    const rlimit no_core{0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    Sheet& s = sheet();
    run_trace(options.seed, options.threads, options.steps);
    s.over.store(true);
    require_balance("after failures");
    run_trace(options.seed + 1, options.threads, options.steps / 8);
    require_balance("after a trace without failures");
    return s.failures.load() == 0 ? kNothingFailed : 0;
}

// ---- In the parent

class Runner {
  public:
    explicit Runner(const Options& options) : options_(options), file_(memfd_create("faults", 0)) {
        void* const shared = file_ >= 0 && ftruncate(file_, sizeof(Sheet)) == 0
                                 ? mmap(nullptr, sizeof(Sheet), PROT_READ | PROT_WRITE, MAP_SHARED, file_, 0)
                                 : MAP_FAILED;
        if (shared == MAP_FAILED) fail("no memory to share: %s", std::strerror(errno));
        sheet_ = new (shared) Sheet;
        const std::string settings =
            "large_limit:" + std::to_string(kLargeLimit) + ",purge_delay_ms:20" +
            (options.busy ? ",background:true,huge_pages:always,numa:bind,dirty_limit:1m" : "");
        setenv("ASHLAR_CONF", settings.c_str(), 1);
        setenv(kSheetVariable, std::to_string(file_).c_str(), 1);
    }
    Runner(const Runner&) = delete;
    Runner& operator=(const Runner&) = delete;

    // Returns false if the trace has no such call or the call no such failure. Ends the program if the trace
    // went wrong.
    bool run(const Plan& plan) {
        sheet_ = new (sheet_) Sheet;
        sheet_->plan = plan;
        const int status = wait_for(start());
        ++runs_;
        failures_ += sheet_->failures;
        refusals_ += sheet_->refusals;
        if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return true;
        if (WIFEXITED(status) &&
            (WEXITSTATUS(status) == kNothingFailed || WEXITSTATUS(status) == kNoSuchFailure))
            return false;
        report(plan, status);
        std::exit(1);
    }

    const Sheet& last() const { return *sheet_; }

    void say(const char* mode) const {
        std::printf("%s: %u processes, %llu failed calls, %llu refusals of memory\n", mode, runs_,
                    static_cast<unsigned long long>(failures_), static_cast<unsigned long long>(refusals_));
    }

  private:
    pid_t start() const {
        std::vector<std::string> call =
            common::call_of(std::filesystem::read_symlink("/proc/self/exe"),
                            {"--child", "--threads", std::to_string(options_.threads), "--steps",
                             std::to_string(options_.steps), "--seed", std::to_string(options_.seed)});
        const std::vector<char*> words = common::pointers_to(call);
        std::fflush(nullptr);
        const pid_t child = fork();
        if (child < 0) fail("fork: %s", std::strerror(errno));
        if (child == 0) {
            execv(words[0], words.data());
            _exit(127);
        }
        return child;
    }

    static int wait_for(pid_t child) {
        int status = -1;
        while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
        }
        return status;
    }

    void report(const Plan& plan, int status) const {
        std::string how = "ended with status " + std::to_string(WEXITSTATUS(status));
        if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM) {
            how = "had not ended after " + std::to_string(kSeconds) + " s";
        } else if (WIFSIGNALED(status)) {
            how = std::string("was ended by ") + strsignal(WTERMSIG(status));
        }
        std::fprintf(stderr, "FAILED: the trace %s.\n", how.c_str());
        if (sheet_->failures != 0) {
            std::fprintf(stderr, "%llu of %llu calls had failed, the last one %s with %s\n",
                         static_cast<unsigned long long>(sheet_->failures),
                         static_cast<unsigned long long>(sheet_->calls), kKinds[sheet_->last_call].name,
                         strerrorname_np(sheet_->last_error));
        }
        std::fprintf(
            stderr,
            "again: fault_injection --once %llu --count %llu --failure %u --per-million %u --calls %u "
            "--threads %u --steps %llu --seed %llu --chance-seed %llu%s\n",
            static_cast<unsigned long long>(plan.first), static_cast<unsigned long long>(plan.count),
            plan.failure, plan.per_million, plan.calls, options_.threads,
            static_cast<unsigned long long>(options_.steps), static_cast<unsigned long long>(options_.seed),
            static_cast<unsigned long long>(plan.seed), options_.busy ? " --busy" : "");
    }

    const Options& options_;
    int file_;
    Sheet* sheet_ = nullptr;
    unsigned runs_ = 0;
    std::uint64_t failures_ = 0;
    std::uint64_t refusals_ = 0;
};

// Runs the trace without failures and returns how many calls it makes.
std::uint64_t count_calls(Runner& runner) {
    runner.run({});
    std::printf("the trace makes %llu calls:", static_cast<unsigned long long>(runner.last().calls));
    for (std::size_t c = 0; c < kCalls; ++c) {
        if (runner.last().calls_of[c] == 0) continue;
        std::printf(" %llu %s,", static_cast<unsigned long long>(runner.last().calls_of[c]), kKinds[c].name);
    }
    std::printf(" and not one fails\n");
    return runner.last().calls;
}

// Lets call `number` fail in every way that it can. Returns false if the trace has no such call.
bool fail_at(Runner& runner, std::uint64_t number) {
    unsigned ways = 0;
    while (runner.run({.first = number, .failure = ways}))
        ++ways;
    return ways != 0;
}

void fail_singly(Runner& runner, const Options& options, std::uint64_t calls, common::Random& random) {
    for (std::uint64_t number = 0; number < (options.thorough ? calls : std::min(calls, kStart)); ++number)
        fail_at(runner, number);
    if (options.thorough) return;
    for (std::uint64_t i = 0; i < options.points; ++i) { // one call in each stretch
        const std::uint64_t begin = calls * i / options.points;
        const std::uint64_t end = std::max(calls * (i + 1) / options.points, begin + 1);
        runner.run(
            {.first = begin + random.below(end - begin), .seed = random.next(), .failure = kAnyFailure});
    }
}

void fail_in_rows(Runner& runner, const Options& options, std::uint64_t calls, common::Random& random) {
    constexpr std::uint64_t kLengths[] = {2, 3, 5, 20, 300, kForEver};
    std::uint64_t number = 0;
    while (number < calls) {
        for (const std::uint64_t length : kLengths) {
            if (!options.thorough && !random.chance(25)) continue;
            runner.run({.first = number, .count = length, .seed = random.next(), .failure = kAnyFailure});
        }
        const std::uint64_t stride =
            options.thorough ? 1 : std::max<std::uint64_t>(calls / options.points, 1);
        number += number < kStart ? 1 + random.below(4) : 1 + random.below(2 * stride);
    }
}

void fail_by_kind(Runner& runner, const Options& options, common::Random& random) {
    std::uint64_t calls_of[kCalls];
    for (std::size_t c = 0; c < kCalls; ++c)
        calls_of[c] = runner.last().calls_of[c];
    for (std::size_t c = 0; c < kCalls; ++c) {
        Plan plan{.first = 0, .count = kForEver, .calls = std::uint32_t{1} << c};
        while (options.thorough && runner.run(plan))
            ++plan.failure;
        plan.failure = kAnyFailure;
        for (const std::uint64_t first : {std::uint64_t{0}, calls_of[c] / 2}) {
            plan.first = first;
            plan.seed = random.next();
            runner.run(plan);
        }
    }
}

void fail_by_chance(Runner& runner, const Options& options, common::Random& random) {
    constexpr std::uint32_t kProbabilities[] = {kCertain / 1000, kCertain / 50, kCertain / 4,
                                                kCertain * 9 / 10};
    for (std::uint64_t i = 0; i < options.points; ++i) {
        for (const std::uint32_t probability : kProbabilities)
            runner.run({.per_million = probability,
                        .seed = random.next(),
                        .unmaps = options.threads == 1, // another thread could be given the addresses
                        .failure = kAnyFailure});
    }
}

} // namespace

int main(int count, char** values) {
    common::Arguments arguments(count, values);
    Options options{};
    options.points = arguments.number("--points", 100);
    options.threads = static_cast<unsigned>(arguments.number("--threads", 1));
    options.steps = arguments.number("--steps", common::scaled(20'000));
    options.seed = arguments.number("--seed", std::random_device()() % 1'000'000);
    options.thorough = arguments.flag("--thorough");
    options.busy = arguments.flag("--busy");
    common::run_seed = options.seed;
    if (arguments.flag("--child")) return run_child(options);

    const bool singly = arguments.flag("--singly");
    const bool in_rows = arguments.flag("--in-rows");
    const bool by_kind = arguments.flag("--by-kind");
    const bool by_chance = arguments.flag("--by-chance");
    Plan once{.first = arguments.number("--once", kNever)};
    once.count = arguments.number("--count", 1);
    once.failure = static_cast<unsigned>(arguments.number("--failure", 0));
    once.per_million = static_cast<std::uint32_t>(arguments.number("--per-million", 0));
    once.calls = static_cast<std::uint32_t>(arguments.number("--calls", kAllCalls));
    once.seed = arguments.number("--chance-seed", 0);
    once.unmaps = options.threads == 1;
    arguments.refuse_others();

    std::printf("seed %llu\n", static_cast<unsigned long long>(options.seed));
    Runner runner(options);
    common::Random random(options.seed);
    if (!singly && !in_rows && !by_kind && !by_chance) {
        std::puts(runner.run(once) ? "the trace went well" : "nothing failed");
        return 0;
    }
    const std::uint64_t calls = count_calls(runner);
    if (calls < 100) fail("a trace with so few calls shows nothing");
    if (singly) fail_singly(runner, options, calls, random);
    if (in_rows) fail_in_rows(runner, options, calls, random);
    if (by_kind) fail_by_kind(runner, options, random);
    if (by_chance) fail_by_chance(runner, options, random);
    runner.say(singly ? "singly" : in_rows ? "in rows" : by_kind ? "by kind" : "by chance");
}
