// SPDX-License-Identifier: MIT
// A kind of load on locks. Each is one source file in scenarios/, which puts it on the list by a
// Registration: to add one, no other file changes.
#pragma once

#include "locks/run.h"

#include <vector>

namespace bench::locks {

struct Scenario {
    const char* type;
    const char* about;                          // one line for people
    std::vector<const char*> own_parameters;    // the keys beside those that every type takes
    const char* (*obstacle)(const Parameters&); // why it cannot run with these; null if it can. May be null
    void (*run)(Run&);
};

// In the order of their names.
const std::vector<Scenario>& scenarios();

class Registration {
  public:
    explicit Registration(Scenario scenario);
};

} // namespace bench::locks
