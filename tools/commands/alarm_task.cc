// SPDX-License-Identifier: MIT
#include "commands/alarm_task.h"

#include "allocators/find.h"
#include "machine/facts.h"
#include "machine/files.h"
#include "machine/program_search.h"
#include "suite/program.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <stdexcept>

namespace ashlar::commands {

namespace {

namespace fs = std::filesystem;

std::string companion(const char* name) {
    const auto found = machine::find_companion(name);
    if (!found) {
        throw std::invalid_argument(suite::how_to_get(name, "alarm_clock"));
    }
    return found->string();
}

allocators::Allocator present_library(const AlarmOptions& options) {
    if (!options.library.empty()) {
        return {.name = "present",
                .library = or_error([&] { return fs::canonical(options.library).string(); })};
    }
    const auto library = allocators::find_ashlar();
    if (!library) {
        throw std::invalid_argument(allocators::how_to_get_ashlar());
    }
    return {.name = "present", .library = *library};
}

// Finds an allocator by a name, a library's path, or name=path.
allocators::Allocator named_allocator(const std::string& text) {
    std::string wanted = text;
    if (text.find('/') != std::string::npos && text.find('=') == std::string::npos) {
        wanted = "reference=" + text;
    } else if (text.ends_with(".so")) {
        wanted = "reference=" + fs::absolute(text).string();
    }
    return allocators::select({wanted}).found.back();
}

// Returns whether `reference` is a file. Otherwise it is a commit, such as origin/main.
bool is_file(const std::string& reference) {
    return reference.starts_with('/') || reference.starts_with('.') || reference.ends_with(".so") ||
           (reference.find('/') != std::string::npos && fs::exists(reference));
}

// Sets another library of this machine as the reference, in place of a commit's.
void use_library(const AlarmOptions& options, AlarmTask& task) {
    task.request.reference = {.name = "reference",
                              .library = or_error([&] { return fs::canonical(options.reference).string(); })};
    task.context.reference = task.request.reference.library;
}

// Sets the anchor's figures. Counts from another compiler are not comparable, so they are only printed.
void use_anchor(const alarm::Recorded& anchor, AlarmTask& task) {
    const std::string commit = anchor.commit.substr(0, 12);
    if (anchor.compiler == alarm::compiler()) {
        task.request.anchor_commit = commit;
        task.request.anchors = anchor.figures;
        return;
    }
    task.context.anchor =
        fmt::format("Not judged against the anchor {}, which was recorded with {}; instructions an operation "
                    "there:",
                    commit, anchor.compiler);
    for (const auto& [benchmark, figures] : anchor.figures) {
        if (const auto found = figures.find(kInstructions); found != figures.end()) {
            task.context.anchor += fmt::format(" {} {:.4g},", benchmark, found->second);
        }
    }
    task.context.anchor.back() = '.';
}

void use_references(const AlarmOptions& options, AlarmTask& task) {
    task.repository.emplace(options.repository);
    const fs::path root = task.repository->root();
    const fs::path file = root / kReferenceFile;
    const bool is_needed = options.reference.empty() && !(options.update && options.anchor);
    if (is_needed || fs::exists(file)) {
        task.references = alarm::read_references(file);
    }
    task.history = alarm::read_history(root / kHistoryFile);
    task.request.spreads = task.history.spreads(task.processor);
    const auto noise = task.history.noise.find(task.processor);
    if (noise != task.history.noise.end()) {
        for (const auto& [key, values] : noise->second) {
            task.request.noise[key] = task.history.noise_of(task.processor, key);
        }
    }
    std::string commit = task.references ? task.references->reference.commit : task.repository->head();
    if (!options.reference.empty()) {
        commit = options.reference;
    }
    const std::string library = or_error([&] { return task.repository->library_of(commit); });
    task.request.reference = {.name = "reference", .library = library};
    task.context.reference =
        fmt::format("commit {} ({})", commit.substr(0, 12), task.repository->subject(commit));
    if (task.references) {
        use_anchor(task.references->anchor, task);
    }
}

// Returns whether `reference` is a program. Otherwise it is an allocator's name or a library.
bool is_program(const std::string& reference) {
    return reference.find('/') != std::string::npos && reference.find('=') == std::string::npos &&
           reference.find(".so") == std::string::npos && machine::find_program(reference).error == 0;
}

// Sets another program as the reference, with the arguments of the command. Both run on the present library.
void use_program(const AlarmOptions& options, AlarmTask& task) {
    std::vector<std::string> command{
        "sh", "-c",
        R"(program=${ASHLAR_ALARM_PROGRAM:-$0}; unset ASHLAR_ALARM_PROGRAM; exec "$program" "$@")"};
    command.insert(command.end(), options.command.begin(), options.command.end());
    task.request.benchmarks.front().timed.command = std::move(command);
    task.request.reference = {
        .name = "reference",
        .library = task.request.present.library,
        .environment = {"ASHLAR_ALARM_PROGRAM=" + fs::canonical(options.reference).string()}};
}

} // namespace

AlarmTask make_task(const AlarmOptions& options, const std::filesystem::path& scratch) {
    AlarmTask task;
    task.processor = machine::collect_facts().processor;
    task.request.gates = gates_of(options.gates);
    task.request.factor = options.factor;
    task.request.slowness = alarm::slowness();
    task.request.rounds = options.rounds;
    task.request.seed = options.seed;
    task.request.scratch = scratch;
    task.request.stacks_folder = fs::current_path();
    task.context.explain = options.explain;
    if (!options.command.empty()) {
        task.request.gates.erase(alarm::Gate::kExact); // the user's program may have several threads
        task.request.benchmarks = {{.timed = {.name = "command",
                                              .group = "command",
                                              .command = options.command,
                                              .threads = 2, // judges wall time, too
                                              .prints = compare::Prints::kAnything},
                                    .watches = "the command"}};
        task.request.present = present_library(options);
        if (is_program(options.reference)) {
            use_program(options, task);
        } else {
            task.request.reference = named_allocator(options.reference);
        }
        task.context.reference = options.reference;
        task.context.again =
            fmt::format("ashlar alarm{} -- {}", settings_of(options), fmt::join(options.command, " "));
        return task;
    }
    task.request.clock = companion("libalarm_clock.so");
    task.request.benchmarks = or_error([&] {
        return alarm::only(alarm::benchmarks({.scratch = scratch, .scale = options.scale}), options.only);
    });
    task.request.present = present_library(options);
    if (is_file(options.reference)) {
        use_library(options, task);
    } else {
        use_references(options, task);
    }
    task.context.again = "ashlar alarm --explain --only {}" + settings_of(options);
    return task;
}

} // namespace ashlar::commands
