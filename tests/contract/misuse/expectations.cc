// SPDX-License-Identifier: MIT
#include "expectations.h"

#include "common/report.h"
#include "kinds.h"

#include <algorithm>
#include <fstream>
#include <sstream>

namespace misuse {

namespace {

bool is_kind(const std::string& name) {
    bool found = false;
    for_each_kind([&](const Family&, const Kind& kind) { found |= name == kind.name; });
    return found;
}

bool is_result(const std::string& name) {
    return name == "reported-at-once" ||
           std::find(kResultNames.begin(), kResultNames.end(), name) != kResultNames.end();
}

} // namespace

Expectations::Expectations(const char* file) {
    std::ifstream lines(file);
    if (!lines) common::fail("%s cannot be read", file);
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        std::string kind;
        std::string results;
        if (!(words >> kind) || kind[0] == '#') continue;
        words >> results;
        if (!is_kind(kind)) common::fail("%s: there is no kind %s", file, kind.c_str());
        std::istringstream names(results);
        for (std::string name; std::getline(names, name, '|');) {
            if (!is_result(name))
                common::fail("%s: %s: no result is called %s", file, kind.c_str(), name.c_str());
            allowed_[kind].insert(name);
        }
    }
    for_each_kind([&](const Family&, const Kind& kind) {
        if (allowed_[kind.name].empty()) common::fail("%s does not say what comes of %s", file, kind.name);
    });
}

bool Expectations::met_by(const char* kind, const Verdict& verdict) const {
    const auto& allowed = allowed_.at(kind);
    if (verdict.result == Result::kSkipped) return true;
    if (verdict.result == Result::kReported && verdict.moment == Moment::kCall &&
        allowed.count("reported-at-once") != 0) {
        return true;
    }
    return allowed.count(kResultNames[static_cast<std::size_t>(verdict.result)]) != 0;
}

std::string Expectations::of(const char* kind) const {
    std::string text;
    for (const std::string& name : allowed_.at(kind))
        text += (text.empty() ? "" : " or ") + name;
    return text;
}

} // namespace misuse
