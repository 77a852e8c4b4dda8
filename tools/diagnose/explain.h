// SPDX-License-Identifier: MIT
// Tells whether a program runs on Ashlar, and if not, why and what to do.
#pragma once

#include "diagnose/trace.h"

#include <string>
#include <vector>

namespace ashlar::diagnose {

enum class State {
    kLoaded,    // its malloc is Ashlar's
    kPartly,    // its malloc is Ashlar's, but one of its libraries calls another malloc
    kOvertaken, // Ashlar is in the process, but another malloc serves it
    kNotLoaded,
    kUnknown, // not observed: replaced by exec, ended too early, or not permitted
};

struct Finding {
    std::string cause; // stable key for programs
    std::string what;  // sentence for people
    std::string remedy;
};

struct Diagnosis {
    State state = State::kUnknown;
    std::string library;  // Ashlar's file in the process; empty: none
    std::string in_force; // file whose malloc the program calls; empty: unknown
    std::vector<Finding> findings;
};

// Returns a diagnosis for each program, in the same order. `library` is the expected file; if empty, any file
// with Ashlar's interface counts. `root` is the programs' root folder, if it differs from this program's.
std::vector<Diagnosis> explain(const std::vector<ObservedProgram>& programs, const std::string& library,
                               const std::string& root = "");

// Obstacles in the file of a command that has not run. The command is searched in PATH, and scripts are
// followed to their interpreters. `prevents_running`: running the command would show nothing more.
struct Foresight {
    std::vector<Finding> findings;
    bool prevents_running = false;
};
Foresight foresee(const std::string& command);

// All programs together.
struct Summary {
    State state = State::kUnknown;
    std::string sentence; // "not loaded: because ..."
};
Summary summarise(const std::vector<ObservedProgram>& programs, const std::vector<Diagnosis>& diagnoses);

const char* state_name(State state);

} // namespace ashlar::diagnose
