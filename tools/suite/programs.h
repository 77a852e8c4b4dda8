// SPDX-License-Identifier: MIT
// Well-known programs, each with some seconds of typical work: servers, a database, interpreters, a compiler,
// a version control system, pictures.
#pragma once

#include "compare/experiment.h"

#include <filesystem>
#include <string>
#include <vector>

namespace ashlar::suite {

struct RealProgram {
    std::string name;
    std::string about; // one line for people
};

std::vector<RealProgram> real_programs();

struct ProgramSuite {
    std::vector<compare::Configuration> configurations;
    std::vector<std::string> missing; // one sentence for each that is not installed
};

// Returns the programs in `names`, or all if it is empty. Runs create sockets and data in the folder
// `scratch`, which the caller removes afterwards. `quick` takes about a quarter of the work.
ProgramSuite program_suite(const std::vector<std::string>& names, const std::filesystem::path& scratch,
                           bool quick);

} // namespace ashlar::suite
