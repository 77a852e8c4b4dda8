// SPDX-License-Identifier: MIT
#include "compare/sample_runner.h"

#include "allocators/identity.h"
#include "allocators/service.h"
#include "compare/figures.h"
#include "machine/facts.h"
#include "measure/server.h"
#include "measure/stacks_file.h"
#include "measure/step.h"
#include "measure/time_limit.h"

#include <algorithm>
#include <cctype>
#include <fmt/format.h>
#include <stdexcept>

namespace ashlar::compare {

namespace {

using std::chrono::milliseconds;

std::string file_name(std::string text) {
    constexpr std::size_t kLongest = 60;
    text.resize(std::min(text.size(), kLongest));
    std::replace_if(
        text.begin(), text.end(), [](unsigned char each) { return std::isalnum(each) == 0; }, '-');
    return text;
}

// Returns enough lines to find the cause of a failure.
std::string last_lines(const std::string& text) {
    constexpr int kMostLines = 20;
    constexpr std::size_t kMostBytes = 4096;
    const std::size_t end = text.find_last_not_of('\n') + 1; // npos + 1 is 0
    std::size_t start = end;
    for (int lines = 0; start > 0 && (text[start - 1] != '\n' || ++lines < kMostLines); --start) {
    }
    start = std::max(start, end - std::min(end, kMostBytes));
    return text.substr(start, end - start);
}

std::string stacks_are_in(const measure::StacksFile& stacks) {
    return "; the stacks of its threads are in " + stacks.path();
}

constexpr std::chrono::seconds kCleanUpAfterInterrupt{30};

} // namespace

std::string last_words_of(const measure::Run& run) {
    return last_lines(run.errors.empty() ? run.output : run.errors);
}

SampleRunner::SampleRunner(const Plan& plan, const machine::Interrupt& interrupt)
    : plan_(plan), interrupt_(interrupt) {
    if (plan.duet) {
        processors_ = machine::processor_numbers();
        if (processors_.size() < 2) {
            throw std::invalid_argument("a duet needs two processors, and this process may use one only");
        }
    }
}

std::string SampleRunner::run_step(const std::string& what, const std::string& command_line,
                                   Sample& sample) const {
    const machine::Interrupt* const interrupt = interrupt_.requested() ? nullptr : &interrupt_;
    measure::StacksFile stacks(plan_.stacks_folder, stacks_name(sample), command_line, interrupt);
    const milliseconds limit =
        std::max<milliseconds>(measure::kUnknownCommandLimit, plan_.time_limit.value_or(milliseconds(0)));
    measure::StepRun step = measure::run_step(
        command_line, {.time_limit = interrupt != nullptr ? limit : kCleanUpAfterInterrupt,
                       .interrupt = interrupt,
                       .on_time_out = [&](const auto& processes) { stacks.add(processes); }});
    sample.run = std::move(step.run);
    if (step.is_server) {
        return fmt::format("the command that {} starts a server, which --server does; write: --server '{}'",
                           what, command_line);
    }
    return sample.run.succeeded()
               ? ""
               : fmt::format("the command that {}: {}{}{}", what, measure::describe_ending(sample.run),
                             sample.run.errors.empty() ? "" : ": " + measure::last_line(sample.run.errors),
                             stacks.path().empty() ? "" : stacks_are_in(stacks));
}

Sample SampleRunner::run(Sample sample, std::size_t place, milliseconds limit) const {
    const Configuration& configuration = plan_.configurations[sample.configuration];
    measure::StacksFile stacks(plan_.stacks_folder, stacks_name(sample),
                               configuration.name + " under " + allocator(sample.contender).name +
                                   ", round " + std::to_string(sample.round),
                               &interrupt_);
    measure::Command command = command_of(sample);
    if (plan_.duet && sample.round != kWarmUp) {
        // The contender on the first processor has the second one in the next round.
        const std::size_t swapped = sample.round % 2 == 0 ? 1 - place : place;
        command.processor = processors_[swapped];
    }
    const measure::Supervision supervision{
        .time_limit = plan_.time_limit.value_or(configuration.time_limit.value_or(limit)) + time_to_age(),
        .interrupt = &interrupt_,
        .on_time_out = [&](const auto& processes) { stacks.add(processes); },
        .follow_rss = plan_.follow_rss && sample.round != kWarmUp,
        .follow_threads = plan_.follow_threads && sample.round != kWarmUp};
    const auto ageing = aged(command);
    std::string trouble =
        configuration.prepare.empty() ? "" : run_step("prepares", configuration.prepare, sample);
    if (trouble.empty() && configuration.server.empty()) {
        sample.run = measure::run(command, supervision);
    } else if (trouble.empty()) {
        measure::Command server = command_of(sample);
        server.arguments = {"sh", "-c", configuration.server};
        const auto ageing_of_server = aged(server);
        measure::ServedRun both = measure::run_with_server(server, command, supervision);
        sample.run = std::move(both.run);
        trouble = both.trouble.empty() ? "" : "the server: " + both.trouble;
        if (ageing_of_server && trouble.empty()) {
            trouble = ageing_of_server->take_off(sample.run.usage, measure::Ageing::Wall::kApart);
        }
    }
    if (ageing && trouble.empty() && sample.run.ending == measure::Ending::kExited) {
        trouble = ageing->take_off(sample.run.usage, measure::Ageing::Wall::kIncluded);
    }
    read(sample);
    const auto& images = sample.run.images;
    if (allocator(sample.contender).is_preloaded() && !images.empty()) {
        sample.library_mapped =
            std::all_of(images.begin(), images.end(), [](const auto& image) { return image.preload_mapped; });
    }
    const std::string unserved = why_unserved(sample);
    sample.unserved = !unserved.empty();
    sample.failure = failure_of(sample, unserved, trouble);
    if (!sample.failure.empty()) {
        sample.errors = last_words_of(sample.run);
    }
    if (!sample.failure.empty() && !stacks.path().empty()) {
        sample.failure += stacks_are_in(stacks);
    }
    return sample;
}

// Returns the time that ageing adds to a run's limit.
milliseconds SampleRunner::time_to_age() const {
    constexpr std::chrono::minutes kLeast{1};
    constexpr milliseconds kForMebibyte{100};
    return plan_.precondition_mib == 0 ? milliseconds(0) : kLeast + kForMebibyte * plan_.precondition_mib;
}

measure::Command SampleRunner::command_of(const Sample& sample) const {
    return {.arguments = plan_.configurations[sample.configuration].command,
            .preload = preload_of(sample.contender),
            .environment = allocator(sample.contender).environment,
            .prove_preload = sample.round == kWarmUp};
}

// Ages the heap of one run. The result must outlive the run. Returns null if heaps are not aged.
std::unique_ptr<measure::Ageing> SampleRunner::aged(measure::Command& command) const {
    if (plan_.precondition_mib == 0) {
        return nullptr;
    }
    auto ageing = std::make_unique<measure::Ageing>(plan_.precondition_mib);
    ageing->apply(command);
    return ageing;
}

std::string SampleRunner::preload_of(std::size_t contender) const {
    const allocators::Allocator& chosen = allocator(contender);
    const std::string& own = chosen.is_preloaded() ? chosen.library : plan_.system_preload;
    return own + (own.empty() || chosen.companion.empty() ? "" : ":") + chosen.companion;
}

void SampleRunner::read(Sample& sample) const {
    const Configuration& configuration = plan_.configurations[sample.configuration];
    if (configuration.prints == Prints::kFigures) {
        sample.figures = read_figures(sample.run.output);
    }
    if (configuration.own_figure) {
        sample.figures.own = read_own_figure(*configuration.own_figure, sample.run.output);
        if (!sample.figures.own) {
            sample.figures.own = read_own_figure(*configuration.own_figure, sample.run.errors);
        }
    }
}

std::string SampleRunner::failure_of(const Sample& sample, const std::string& unserved,
                                     const std::string& trouble) const {
    const Configuration& configuration = plan_.configurations[sample.configuration];
    const measure::Run& run = sample.run;
    const std::string last_words = run.errors.empty() ? "" : ": " + measure::last_line(run.errors);
    if (!trouble.empty()) {
        return trouble;
    }
    if (!has_succeeded(configuration, run)) {
        return measure::describe_ending(run) + last_words;
    }
    if (!unserved.empty()) {
        return unserved + last_words;
    }
    if (configuration.prints == Prints::kFigures && !sample.figures.throughput &&
        !sample.figures.rss_per_live) {
        return "its last line is no figure";
    }
    if (!configuration.expected_line.empty() && !has_line(run.output, configuration.expected_line)) {
        return fmt::format("its result is wrong: it printed '{}' where '{}' was expected",
                           run.output.substr(0, run.output.find('\n')), configuration.expected_line);
    }
    if (configuration.own_figure && !sample.figures.own) {
        return "nothing that it printed matches '" + configuration.own_figure->pattern + "' with a number";
    }
    return "";
}

// Returns an empty text if the allocator served the sample, or if that is not checked.
std::string SampleRunner::why_unserved(const Sample& sample) const {
    return allocator(sample.contender).is_preloaded() && sample.round == kWarmUp
               ? allocators::why_unserved(sample.run)
               : "";
}

std::string SampleRunner::stacks_name(const Sample& sample) const {
    const bool again = plan_.contenders[sample.contender].is_control;
    return "hang-" + file_name(allocator(sample.contender).name) + (again ? "-again" : "") + "-" +
           file_name(plan_.configurations[sample.configuration].name) + "-round-" +
           std::to_string(sample.round);
}

} // namespace ashlar::compare
