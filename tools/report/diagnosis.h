// SPDX-License-Identifier: MIT
// What was found out about the programs of a command: for people, and as JSON.
#pragma once

#include "diagnose/explain.h"
#include "report/text_table.h"

#include <iosfwd>
#include <string>

namespace ashlar::report {

struct DiagnosisReport {
    std::string asked;   // the command, or "process 1234"
    std::string library; // that is expected; may be empty
    std::string preload; // LD_PRELOAD as the command got it, and who set it
    std::string note;    // how it was found out, where that limits what is said; may be empty
    diagnose::Summary summary;
    std::vector<diagnose::ObservedProgram> programs;
    std::vector<diagnose::Diagnosis> diagnoses; // one for each program
    std::vector<diagnose::Finding> foreseen;    // by the files alone, of a command that was not run
    std::vector<diagnose::Finding> advice{};    // about the machine and limits; changes no verdict
};

// The verdict in the first line, in colour where there is some, then reasons with remedies, then the
// processes, then advice about the machine.
std::string diagnosis_text(const DiagnosisReport& report, const TextSettings& settings);

// One line for each program: process, state, command.
std::string program_lines(const std::vector<diagnose::ObservedProgram>& programs,
                          const std::vector<diagnose::Diagnosis>& diagnoses, const std::string& indentation);

void write_diagnosis_json(std::ostream& out, const DiagnosisReport& report);

} // namespace ashlar::report
