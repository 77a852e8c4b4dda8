// SPDX-License-Identifier: MIT
// A kind of load on locks. Each is one source file in scenarios/, which puts itself on the list by a
// Registration. A new scenario changes no other file.
#pragma once

#include "locks/run.h"

#include <vector>

namespace bench::locks {

struct Scenario {
    const char* type;
    const char* about;                          // one line for people
    std::vector<const char*> own_parameters;    // keys beside those that every type takes
    const char* (*obstacle)(const Parameters&); // may be null; returns why it cannot run, or null
    void (*run)(Run&);
};

// Returns all scenarios, sorted by name.
const std::vector<Scenario>& scenarios();

class Registration {
  public:
    explicit Registration(Scenario scenario);
};

} // namespace bench::locks
