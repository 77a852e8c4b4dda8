// SPDX-License-Identifier: MIT
// Does a program run on Ashlar, and if not, why, and what can be done about it.
#pragma once

#include "diagnose/trace.h"

#include <string>
#include <vector>

namespace ashlar::diagnose {

enum class State {
    kLoaded,    // its malloc is Ashlar's
    kPartly,    // but some library in it calls another one
    kOvertaken, // Ashlar is in the process, another malloc serves it
    kNotLoaded,
    kUnknown, // not seen: replaced by exec or gone too early, or not permitted
};

struct Finding {
    std::string cause; // a key that stays the same, for programs that read it
    std::string what;  // a sentence for people
    std::string remedy;
};

struct Diagnosis {
    State state = State::kUnknown;
    std::string library;  // Ashlar's file in it, if there is one
    std::string in_force; // the file whose malloc the program calls, if known
    std::vector<Finding> findings;
};

// `library`: the file that is expected; may be empty (then whatever has Ashlar's interface counts).
// `root`: where the programs' files are, if they have another root folder than this program.
// One for each program, in the same order.
std::vector<Diagnosis> explain(const std::vector<ObservedProgram>& programs, const std::string& library,
                               const std::string& root = "");

// Of a command that has not been run: what in its file stands against it. It is found in PATH; scripts are
// followed to their interpreters. `prevents_running`: there is nothing to be learnt by running it.
struct Foresight {
    std::vector<Finding> findings;
    bool prevents_running = false;
};
Foresight foresee(const std::string& command);

// Of all programs together.
struct Summary {
    State state = State::kUnknown;
    std::string sentence; // "not loaded: because ..."
};
Summary summarise(const std::vector<ObservedProgram>& programs, const std::vector<Diagnosis>& diagnoses);

const char* state_name(State state);

} // namespace ashlar::diagnose
