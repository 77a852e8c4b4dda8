// SPDX-License-Identifier: MIT
#include "document/roff.h"

#include <cctype>
#include <fmt/format.h>
#include <regex>
#include <sstream>

namespace ashlar::document {

namespace {

std::string upper(std::string text) {
    for (char& each : text) {
        each = static_cast<char>(std::toupper(static_cast<unsigned char>(each)));
    }
    return text;
}

} // namespace

std::string roff(const std::string& text) {
    std::string result;
    bool at_start = true;
    for (const char each : text) {
        if (at_start && (each == '.' || each == '\'')) {
            result += "\\&";
        }
        switch (each) {
        case '\\':
            result += "\\e";
            break;
        case '-':
            result += "\\-";
            break;
        case '`':
            result += "\\(ga";
            break;
        case '\'':
            result += "\\(aq";
            break;
        default:
            result += each;
        }
        at_start = each == '\n';
    }
    return result;
}

std::string bold(const std::string& text) {
    return "\\fB" + roff(text) + "\\fR";
}

std::string italic(const std::string& text) {
    return "\\fI" + roff(text) + "\\fR";
}

std::string section(const std::string& title) {
    return ".SH \"" + roff(upper(title)) + "\"\n";
}

std::string page_heading(const PageHeading& heading) {
    return ".\\\" Written by `ashlar documents`.\n" +
           fmt::format(".TH \"{}\" \"{}\" \"\" \"ashlar {}\" \"Ashlar\"\n", roff(upper(heading.name)),
                       heading.section, roff(ASHLAR_VERSION)) +
           ".nh\n" + section("Name") + roff(heading.name) + " \\- " + roff(heading.purpose) + "\n";
}

std::string without_empty_paragraphs(const std::string& page) {
    static const std::regex kParagraph(R"((\n\.S[HS] [^\n]*\n)\.PP\n)");
    return std::regex_replace(page, kParagraph, "$1");
}

std::string verbatim(const std::string& body) {
    std::string text = ".PP\n.nf\n";
    std::istringstream lines(body);
    for (std::string line; std::getline(lines, line);) {
        text += roff(line) + "\n";
    }
    return text + ".fi\n";
}

std::string reference(const std::string& page, int section) {
    return bold(page) + fmt::format("({})", section);
}

} // namespace ashlar::document
