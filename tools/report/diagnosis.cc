// SPDX-License-Identifier: MIT
#include "report/diagnosis.h"

#include "report/printable.h"

#include <algorithm>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <ostream>

namespace ashlar::report {

namespace {

using diagnose::Diagnosis;
using diagnose::Finding;
using diagnose::ObservedProgram;
using Json = nlohmann::ordered_json;

const char* fate_name(ObservedProgram::Fate fate) {
    switch (fate) {
    case ObservedProgram::Fate::kEnded:
        return "ended";
    case ObservedProgram::Fate::kReplaced:
        return "replaced by exec";
    case ObservedProgram::Fate::kStillRunning:
        break;
    }
    return "running";
}

std::string_view file_name(std::string_view path) {
    return path.substr(path.rfind('/') + 1);
}

// Returns the executable and the arguments in a line that fits a terminal.
std::string command_of(const ObservedProgram& program) {
    std::string text = program.image.path;
    if (!program.image.arguments.empty() && file_name(program.image.arguments[0]) != file_name(text)) {
        text += " (" + program.image.arguments[0] + ")";
    }
    for (std::size_t index = 1; index < program.image.arguments.size(); ++index) {
        text += " " + program.image.arguments[index];
    }
    text = printable(std::move(text));
    constexpr std::size_t kLongest = 100;
    return text.size() <= kLongest ? text : text.substr(0, kLongest - 3) + "...";
}

std::vector<Finding> all_findings(const DiagnosisReport& report) {
    std::vector<Finding> findings = report.foreseen;
    for (const Diagnosis& diagnosis : report.diagnoses) {
        findings.insert(findings.end(), diagnosis.findings.begin(), diagnosis.findings.end());
    }
    // Many processes run the same program, so equal sentences are printed once.
    std::vector<Finding> distinct;
    for (const Finding& finding : findings) {
        if (std::none_of(distinct.begin(), distinct.end(),
                         [&](const Finding& other) { return other.what == finding.what; })) {
            distinct.push_back(finding);
        }
    }
    return distinct;
}

Json to_json(const Finding& finding) {
    return {{"cause", finding.cause}, {"what", finding.what}, {"remedy", finding.remedy}};
}

Json to_json(const std::vector<Finding>& findings) {
    Json list = Json::array();
    for (const Finding& finding : findings) {
        list.push_back(to_json(finding));
    }
    return list;
}

Json to_json(const ObservedProgram& program, const Diagnosis& diagnosis) {
    Json objects = Json::array();
    for (const diagnose::LoadedObject& object : program.image.loaded.objects) {
        objects.push_back({{"path", object.path}, {"calls_malloc_of", object.calls_malloc_of}});
    }
    return {{"process", program.image.process},
            {"parent", program.image.parent},
            {"program", program.image.path},
            {"arguments", program.image.arguments},
            {"fate", fate_name(program.fate)},
            {"state", diagnose::state_name(diagnosis.state)},
            {"library", diagnosis.library},
            {"malloc_in_force", diagnosis.in_force},
            {"preload", program.image.preload ? Json(*program.image.preload) : Json(nullptr)},
            {"findings", to_json(diagnosis.findings)},
            {"objects", std::move(objects)}};
}

Tint tint_of(diagnose::State state) {
    return state == diagnose::State::kLoaded    ? Tint::kGood
           : state == diagnose::State::kUnknown ? Tint::kNone
                                                : Tint::kBad;
}

} // namespace

std::string program_lines(const std::vector<ObservedProgram>& programs,
                          const std::vector<Diagnosis>& diagnoses, const std::string& indentation) {
    std::string text;
    for (std::size_t index = 0; index < programs.size(); ++index) {
        const bool is_replaced = programs[index].fate == ObservedProgram::Fate::kReplaced &&
                                 diagnoses[index].state == diagnose::State::kUnknown;
        text += fmt::format("{}{:>7}  {:<23}  {}\n", indentation, programs[index].image.process,
                            is_replaced ? "replaced by exec" : diagnose::state_name(diagnoses[index].state),
                            command_of(programs[index]));
    }
    return text;
}

std::string diagnosis_text(const DiagnosisReport& report, const TextSettings& settings) {
    std::string text = settings.colour ? tinted(report.summary.sentence, tint_of(report.summary.state))
                                       : report.summary.sentence;
    text += "\n";
    for (const Finding& finding : all_findings(report)) {
        if (!report.summary.sentence.ends_with(finding.what)) {
            text += fmt::format("\n{}: {}\n", finding.cause, finding.what);
        }
        text += fmt::format("  remedy: {}\n", finding.remedy);
    }
    if (!report.programs.empty()) {
        text += "\n" + program_lines(report.programs, report.diagnoses, "");
    }
    for (const Finding& finding : report.advice) {
        text += fmt::format("\nadvice, {}: {}\n  command: {}\n", finding.cause, finding.what, finding.remedy);
    }
    text += "\n";
    for (const auto& [label, value] :
         {std::pair{"library", &report.library}, std::pair{"preload", &report.preload},
          std::pair{"note", &report.note}}) {
        if (!value->empty()) {
            text += fmt::format("{}: {}\n", label, *value);
        }
    }
    return text;
}

void write_diagnosis_json(std::ostream& out, const DiagnosisReport& report) {
    Json programs = Json::array();
    for (std::size_t index = 0; index < report.programs.size(); ++index) {
        programs.push_back(to_json(report.programs[index], report.diagnoses[index]));
    }
    const Json document{{"format", "ashlar-diagnosis-1"},
                        {"asked", report.asked},
                        {"state", diagnose::state_name(report.summary.state)},
                        {"verdict", report.summary.sentence},
                        {"library", report.library},
                        {"preload", report.preload},
                        {"note", report.note},
                        {"foreseen", to_json(report.foreseen)},
                        {"programs", std::move(programs)},
                        {"advice", to_json(report.advice)}};
    // File names may be invalid UTF-8, which must not make the output fail.
    out << document.dump(2, ' ', false, Json::error_handler_t::replace) << "\n";
}

} // namespace ashlar::report
