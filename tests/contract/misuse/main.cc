// SPDX-License-Identifier: MIT
//
// misuse_inputs: an ordinary program that misuses its heap once, under whichever malloc is preloaded.
//
//   misuse_inputs --list
//       prints family, name and description of each kind
//   misuse_inputs --kind K --size BYTES --thread same|other|gone --when at-once|after-1000|after-reuse --seed
//   N
//       commits one misuse in this process. If the process survives, it says whether blocks of the program
//       were damaged (status 3)
//   misuse_inputs --all [--kinds A,B] [--seeds N] [--first-seed N] [--part I --parts N] [--limit SECONDS]
//       commits all of them, or each N-th, each in a child, and prints a line for each: kind, size, thread,
//       when, seed, result, moment, whether blocks were damaged, the allocator's first words
//   misuse_inputs --sample --kind K --expect FILE
//       commits a fixed sample of one kind; status 1 if the table in FILE does not allow the result
#include "common/arguments.h"
#include "common/report.h"
#include "expectations.h"
#include "judge.h"
#include "kinds.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <string_view>
#include <sys/resource.h>
#include <unistd.h>

namespace {

using namespace misuse; // NOLINT(google-build-using-namespace): this file is its command

constexpr int kDamaged = 3;
constexpr std::array<std::size_t, 3> kSampleSizes{48, 4096, 131072};

const Kind& kind_named(std::string_view name) {
    const Kind* found = nullptr;
    for_each_kind([&](const Family&, const Kind& kind) {
        if (name == kind.name) found = &kind;
    });
    if (found == nullptr) common::fail("there is no kind '%s'; --list prints them", name.data());
    return *found;
}

template <std::size_t count>
std::size_t index_of(std::string_view name, const std::array<const char*, count>& names) {
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end())
        common::fail("'%s' is not one of those that --thread or --when take", name.data());
    return static_cast<std::size_t>(found - names.begin());
}

bool listed(std::string_view list, std::string_view name) {
    while (!list.empty()) {
        const std::size_t comma = std::min(list.find(','), list.size());
        if (list.substr(0, comma) == name) return true;
        list.remove_prefix(std::min(comma + 1, list.size()));
    }
    return false;
}

void print_line(const Input& input, const Verdict& verdict) {
    ::dprintf(STDOUT_FILENO, "%s\t%zu\t%s\t%s\t%llu\t%s\t%s\t%d\t%s\n", input.kind->name, input.size,
              kThreadNames[static_cast<std::size_t>(input.thread)],
              kWhenNames[static_cast<std::size_t>(input.when)], static_cast<unsigned long long>(input.seed),
              kResultNames[static_cast<std::size_t>(verdict.result)],
              kMomentNames[static_cast<std::size_t>(verdict.moment)], verdict.damaged ? 1 : 0,
              verdict.message);
}

int list() {
    for_each_kind([](const Family& family, const Kind& kind) {
        ::dprintf(STDOUT_FILENO, "%s\t%s\t%s\n", family.title, kind.name, kind.description);
    });
    return 0;
}

int do_one(common::Arguments& arguments, const Kind& kind) {
    const Input input{&kind, static_cast<std::size_t>(arguments.number("--size", 48)),
                      static_cast<Thread>(index_of(arguments.text("--thread", "same"), kThreadNames)),
                      static_cast<When>(index_of(arguments.text("--when", "at-once"), kWhenNames)),
                      arguments.number("--seed", 1)};
    arguments.refuse_others();
    if (input.size < 16) common::fail("sizes are at least 16");
    static Record record{};
    play(input, record);
    ::dprintf(STDERR_FILENO, "misuse: %s\n",
              record.skipped             ? "skipped"
              : record.damage[0] != '\0' ? record.damage
                                         : "harmless");
    return record.damage[0] != '\0' ? kDamaged : 0;
}

int do_all(common::Arguments& arguments) {
    const std::string_view only = arguments.text("--kinds", "");
    const std::uint64_t seeds = arguments.number("--seeds", 1);
    const std::uint64_t first_seed = arguments.number("--first-seed", 1);
    const std::uint64_t parts = std::max<std::uint64_t>(arguments.number("--parts", 1), 1);
    const std::uint64_t part = arguments.number("--part", 0);
    Judge judge(static_cast<unsigned>(arguments.number("--limit", 2)));
    arguments.refuse_others();
    std::uint64_t number = 0;
    for_each_kind([&](const Family&, const Kind& kind) {
        if (!only.empty() && !listed(only, kind.name)) return;
        for_each_input(kind, kSizes, first_seed, seeds, [&](const Input& input) {
            if (number++ % parts == part) print_line(input, judge.judge(input));
        });
    });
    return 0;
}

int do_sample(const Kind& kind, const Expectations& expectations) {
    Judge judge(30);
    int inputs = 0;
    int unexpected = 0;
    for_each_input(kind, kSampleSizes, 1, 1, [&](const Input& input) {
        const Verdict verdict = judge.judge(input);
        ++inputs;
        if (expectations.met_by(kind.name, verdict)) return;
        ++unexpected;
        print_line(input, verdict);
    });
    std::printf("%s (%s): %d of %d inputs were not %s\n", kind.name, kind.description, unexpected, inputs,
                expectations.of(kind.name).c_str());
    return unexpected == 0 ? 0 : 1;
}

} // namespace

int main(int count, char** values) {
    const rlimit no_core{0, 0};
    ::setrlimit(RLIMIT_CORE, &no_core);
    common::Arguments arguments(count, values);
    if (arguments.flag("--list")) return list();
    if (arguments.flag("--all")) return do_all(arguments);
    const bool sample = arguments.flag("--sample");
    const Kind& kind = kind_named(arguments.text("--kind", ""));
    if (!sample) return do_one(arguments, kind);
    const Expectations expectations(arguments.text("--expect", ""));
    arguments.refuse_others();
    return do_sample(kind, expectations);
}
