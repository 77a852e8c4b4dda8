// SPDX-License-Identifier: MIT
//
// A table of what must come of each kind under one allocator: lines "KIND RESULT[|RESULT...]". A result is a
// name of judge.h; "reported-at-once" is a report in the wrong call itself. Lines with # are comments. Every
// kind has one line, and every line is of a kind: a table that misses one is refused.
#pragma once

#include "judge.h"

#include <map>
#include <set>
#include <string>

namespace misuse {

class Expectations {
  public:
    explicit Expectations(const char* file); // ends the process if the table is not complete

    bool met_by(const char* kind, const Verdict& verdict) const;
    std::string of(const char* kind) const;

  private:
    std::map<std::string, std::set<std::string>> allowed_;
};

} // namespace misuse
