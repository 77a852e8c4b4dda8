// SPDX-License-Identifier: MIT
#include "diagnose/settings.h"

#include "measure/child.h"

#include <algorithm>
#include <cctype>
#include <fmt/format.h>
#include <sstream>
#include <string_view>

namespace ashlar::diagnose {

namespace {

constexpr std::string_view kComplaint = "ASHLAR_CONF: ";

// Returns what the library prints at the start of a program with these settings.
std::string told(const std::string& settings, const std::string& library) {
    return measure::run(
               {.arguments = {"true"}, .preload = library, .environment = {"ASHLAR_CONF=" + settings}},
               {.time_limit = std::chrono::seconds(10)})
        .errors;
}

bool is_word(const std::string& value) {
    return !value.empty() && std::all_of(value.begin(), value.end(),
                                         [](unsigned char each) { return std::isalpha(each) != 0; });
}

// Returns never, auto and always for "... say never, auto or always".
std::vector<std::string> choices_in(const std::string& complaint) {
    constexpr std::string_view kSay = "say ";
    std::vector<std::string> choices;
    const auto say = complaint.rfind(kSay);
    std::istringstream words(say == std::string::npos ? "" : complaint.substr(say + kSay.size()));
    for (std::string word; words >> word;) {
        if (word.ends_with(',')) {
            word.pop_back();
        }
        if (word != "or") {
            choices.push_back(word);
        }
    }
    return choices;
}

// A value that no setting has. The complaint about it lists the valid values.
constexpr const char* kNoValue = "?";

void ask_for_choices(std::vector<Setting>& settings, const std::string& library) {
    std::string wrong;
    for (const Setting& setting : settings) {
        if (is_word(setting.value)) {
            wrong += fmt::format("{}{}:{}", wrong.empty() ? "" : ",", setting.key, kNoValue);
        }
    }
    std::istringstream lines(told(wrong, library));
    for (std::string line; std::getline(lines, line);) {
        for (Setting& setting : settings) {
            if (line.find(fmt::format("{}:{}", setting.key, kNoValue)) != std::string::npos) {
                setting.choices = choices_in(line);
                break;
            }
        }
    }
}

} // namespace

std::string mistake_in_settings(const std::string& settings, const std::string& library) {
    const std::string text = told(settings, library);
    const auto at = text.find(kComplaint);
    if (at == std::string::npos) {
        return "";
    }
    std::string complaint = text.substr(at + kComplaint.size());
    return complaint.substr(0, complaint.find('\n'));
}

std::vector<Setting> settings_of(const std::string& library) {
    std::vector<Setting> settings;
    std::istringstream lines(told("print:true", library));
    // Each line is "ashlar: key:value (default)".
    for (std::string line; std::getline(lines, line);) {
        const auto end = line.rfind(" (");
        const auto start = line.find(' ') + 1; // npos + 1 is 0
        const auto colon = line.find(':', start);
        if (end != std::string::npos && colon != std::string::npos && colon < end) {
            settings.push_back(
                {.key = line.substr(start, colon - start), .value = line.substr(colon + 1, end - colon - 1)});
        }
    }
    // The option was set for this query only.
    const auto print = std::find_if(settings.begin(), settings.end(),
                                    [](const Setting& setting) { return setting.key == "print"; });
    if (print != settings.end()) {
        print->value = "false";
    }
    ask_for_choices(settings, library);
    return settings;
}

} // namespace ashlar::diagnose
