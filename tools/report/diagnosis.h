// SPDX-License-Identifier: MIT
// The diagnosis of a command's programs, for people and as JSON.
#pragma once

#include "diagnose/explain.h"
#include "report/text_table.h"

#include <iosfwd>
#include <string>

namespace ashlar::report {

struct DiagnosisReport {
    std::string asked;   // the command, or "process 1234"
    std::string library; // expected library; may be empty
    std::string preload; // LD_PRELOAD of the command, and who set it
    std::string note;    // limits of the method; may be empty
    diagnose::Summary summary;
    std::vector<diagnose::ObservedProgram> programs;
    std::vector<diagnose::Diagnosis> diagnoses; // one per program
    std::vector<diagnose::Finding> foreseen;    // from the files only, for a command that was not run
    std::vector<diagnose::Finding> advice{};    // about the machine and its limits; changes no verdict
};

// Returns the verdict in the first line (coloured if wanted), then reasons with remedies, processes, and
// advice about the machine.
std::string diagnosis_text(const DiagnosisReport& report, const TextSettings& settings);

// Returns a line for each program: process, state, command.
std::string program_lines(const std::vector<diagnose::ObservedProgram>& programs,
                          const std::vector<diagnose::Diagnosis>& diagnoses, const std::string& indentation);

void write_diagnosis_json(std::ostream& out, const DiagnosisReport& report);

} // namespace ashlar::report
