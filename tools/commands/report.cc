// SPDX-License-Identifier: MIT
// ashlar report: results of ashlar bench and compare, or of Google Benchmark, as Markdown, CSV and HTML.
#include "commands/command.h"
#include "machine/output_file.h"
#include "report/changes.h"
#include "report/comparison_findings.h"
#include "report/csv.h"
#include "report/google_benchmark.h"
#include "report/markdown.h"
#include "report/page/html.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>
#include <system_error>

namespace ashlar::commands {

namespace {

using Json = nlohmann::ordered_json;
using machine::kStandardOutput;
using report::Findings;

struct Options {
    std::vector<std::string> results;
    std::string markdown;
    std::string csv;
    std::string html;
};

constexpr const char* kFooter = R"(Examples:
  ashlar bench --json result.json && ashlar report result.json     Markdown on the terminal
  ashlar report result.json --html report.html                     charts and tables in one file, for a browser
  ashlar report before.json after.json --html change.html          what changed from one to the other
  ashlar report result.json --csv - | column -ts,                  every sample
  ashlar report System=a.json jemalloc=b.json                      files of Google Benchmark, one an allocator

Google Benchmark writes such files with --benchmark_out=FILE --benchmark_out_format=json; an allocator is named
here, by --benchmark_context=allocator=NAME, or else by the file. A report goes to the standard output if its FILE is -.

Exit status: 0, 1 if a report could not be written, 2 for wrong arguments or a result that cannot be read.)";

struct Input {
    std::string name; // given before the path, else empty
    std::string path;
    std::string text;
    Json json;
};

std::string read_text(const std::string& path) {
    std::error_code error;
    if (std::filesystem::is_directory(path, error)) {
        throw std::invalid_argument(path + " is a folder; name the file that --json wrote");
    }
    std::ifstream file(path, std::ios::binary);
    if (!file) {
        throw std::invalid_argument(
            fmt::format("cannot read {}: {}", path, std::generic_category().message(errno)));
    }
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

Json parse(const std::string& path, const std::string& text) {
    if (text.find_first_not_of(" \t\r\n") == std::string::npos) {
        throw std::invalid_argument(path + " is empty");
    }
    try {
        return Json::parse(text);
    } catch (const Json::parse_error& error) {
        // The library counts from 1. A text that ends too early has an error one byte after its end.
        if (error.byte > text.size()) {
            throw std::invalid_argument(
                fmt::format("{} is cut off after {} bytes: was it copied whole?", path, text.size()));
        }
        throw std::invalid_argument(fmt::format("{} is no JSON (byte {}); give what --json or "
                                                "--benchmark_out_format=json wrote",
                                                path, error.byte));
    }
}

// Reads "name=path", which names an allocator, or a path. An existing file with that name is a path.
Input read_input(const std::string& argument) {
    Input input{.name = {}, .path = argument, .text = {}, .json = {}};
    const auto equals = argument.find('=');
    if (equals != std::string::npos && equals > 0 && !std::filesystem::exists(argument)) {
        input.name = argument.substr(0, equals);
        input.path = argument.substr(equals + 1);
    }
    input.text = read_text(input.path);
    input.json = parse(input.path, input.text);
    return input;
}

bool is_comparison(const Json& json) {
    return json.is_object() && json.contains("format") && json["format"].is_string() &&
           json["format"].get<std::string>().starts_with("ashlar-comparison-");
}

Findings read_comparison(const Input& input) {
    std::istringstream stream(input.text);
    try {
        return report::comparison_findings(report::read_comparison_json(stream), input.path);
    } catch (const std::invalid_argument& error) {
        throw std::invalid_argument(input.path + ": " + error.what());
    }
}

// Returns one result, or two: before and after.
std::vector<Findings> read_results(const std::vector<std::string>& arguments) {
    std::vector<Input> inputs;
    inputs.reserve(arguments.size());
    std::vector<report::NamedResult> benchmarks;
    for (const std::string& argument : arguments) {
        inputs.push_back(read_input(argument));
    }
    std::vector<Findings> comparisons;
    for (const Input& input : inputs) {
        if (is_comparison(input.json)) {
            comparisons.push_back(read_comparison(input));
        } else if (report::is_google_benchmark(input.json)) {
            benchmarks.push_back({.name = input.name, .path = input.path, .json = &input.json});
        } else {
            throw std::invalid_argument(
                input.path + " is JSON, but neither a result of ashlar nor one of Google Benchmark");
        }
    }
    if (!comparisons.empty() && !benchmarks.empty()) {
        throw std::invalid_argument(
            "results of ashlar and of Google Benchmark do not go into one report; make one of each");
    }
    if (comparisons.size() > 2) {
        throw std::invalid_argument(fmt::format(
            "{} results of ashlar: one makes a report, two are before and after", comparisons.size()));
    }
    if (!benchmarks.empty()) {
        comparisons.push_back(report::google_benchmark_findings(benchmarks));
    }
    return comparisons;
}

void check_outputs(const Options& options) {
    std::vector<std::string> files;
    for (const std::string* output : {&options.markdown, &options.csv, &options.html}) {
        if (output->empty()) {
            continue;
        }
        if (std::find(files.begin(), files.end(), *output) != files.end()) {
            throw std::invalid_argument(fmt::format(
                "two reports cannot go to {}", *output == kStandardOutput ? "the standard output" : *output));
        }
        for (const std::string& argument : options.results) {
            std::error_code error; // ignored: the file may not exist yet
            const std::string path =
                std::filesystem::exists(argument) ? argument : argument.substr(argument.find('=') + 1);
            if (std::filesystem::equivalent(*output, path, error)) {
                throw std::invalid_argument(*output +
                                            " is the result itself; write the report to another file");
            }
        }
        files.push_back(*output);
    }
}

void write(const std::string& path, const std::string& text) {
    machine::OutputFile(path).write([&](std::ostream& stream) { stream << text; });
}

int run_report(const Options& options) {
    check_outputs(options);
    const std::vector<Findings> results = read_results(options.results);
    const Findings& latest = results.back();
    std::optional<report::Changes> changes;
    if (results.size() == 2) {
        changes = report::compare_findings(results.front(), latest);
    }
    const report::Changes* const shown = changes ? &*changes : nullptr;
    if (!options.html.empty()) {
        write(options.html, report::page::html(latest, shown));
    }
    if (!options.csv.empty()) {
        write(options.csv, report::csv(results));
    }
    const bool only_markdown = options.html.empty() && options.csv.empty();
    const std::string markdown =
        options.markdown.empty() && only_markdown ? kStandardOutput : options.markdown;
    if (!markdown.empty()) {
        write(markdown, report::markdown(latest, shown));
    }
    return kSuccess;
}

} // namespace

void add_report(CLI::App& app, Action& action) {
    auto options = std::make_shared<Options>();
    CLI::App* const report =
        app.add_subcommand("report", "Show results as Markdown, CSV or one HTML file with charts");
    report->footer(kFooter);
    report
        ->add_option("results", options->results,
                     "What bench or compare wrote with --json, or Google Benchmark as JSON")
        ->type_name("FILE")
        ->required();
    report->add_option("--markdown,--md", options->markdown, "Write Markdown to this file")
        ->default_str("the standard output, if no other report is asked for")
        ->type_name("FILE");
    report->add_option("--html", options->html, "Write one HTML file that needs no other and no network")
        ->type_name("FILE");
    report->add_option("--csv", options->csv, "Write every sample as comma-separated values")
        ->type_name("FILE");
    report->callback([options, &action] { action = [options] { return run_report(*options); }; });
}

} // namespace ashlar::commands
