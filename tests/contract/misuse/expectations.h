// SPDX-License-Identifier: MIT
//
// The expected result of each kind under one allocator: lines "KIND RESULT[|RESULT...]". A result is a name
// of judge.h; "reported-at-once" is a report in the wrong call itself. Lines with # are comments. The table
// has one line for each kind and no others; otherwise it is refused.
#pragma once

#include "judge.h"

#include <map>
#include <set>
#include <string>

namespace misuse {

class Expectations {
  public:
    explicit Expectations(const char* file); // ends the process if the table is incomplete

    bool met_by(const char* kind, const Verdict& verdict) const;
    std::string of(const char* kind) const;

  private:
    std::map<std::string, std::set<std::string>> allowed_;
};

} // namespace misuse
