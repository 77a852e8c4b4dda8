// SPDX-License-Identifier: MIT
#include "document/library_pages.h"

#include "document/markdown.h"
#include "document/roff.h"
#include "document/schema_fields.h"

#include <algorithm>
#include <cctype>
#include <regex>
#include <sstream>

namespace ashlar::document {

namespace {

// Returns a comment's text without its marks and the blanks around its lines.
std::string words_of_comment(std::string_view comment) {
    std::istringstream lines{std::string(comment.substr(2, comment.size() - 4))};
    std::string text;
    for (std::string line; std::getline(lines, line);) {
        const auto begin = line.find_first_not_of(" *");
        line = begin == std::string::npos ? "" : line.substr(begin, line.find_last_not_of(' ') + 1 - begin);
        text += (text.empty() || text.ends_with("\n\n") || line.empty() ? "" : "\n") + line;
        text += line.empty() && !text.empty() && !text.ends_with("\n\n") ? "\n\n" : "";
    }
    return text.substr(0, text.find_last_not_of('\n') + 1);
}

struct Title {
    std::string words; // "Steering and seeing" of "---- Steering and seeing. For all. ----"; empty: no title
    std::string about; // "For all."
};

Title title_of(const std::string& comment) {
    static const std::regex kTitle(R"(-+ ([A-Z][A-Za-z ]*\w)\.?(?: ([^-]*\.))? -{4,})");
    std::smatch found;
    return std::regex_match(comment, found, kTitle) ? Title{found[1], found[2]} : Title{};
}

// Removes attributes, which only compilers need.
std::string plain_declaration(const std::string& declaration) {
    static const std::regex kForCompilers(R"(ASHLAR_API |\s*__attribute__\(\((?:[^()]|\([^()]*\))*\)\))");
    return std::regex_replace(declaration, kForCompilers, "");
}

struct Piece {
    bool is_comment = false;
    std::string text;
};

std::string_view take(std::string_view& text, std::size_t size) {
    const auto taken = text.substr(0, size);
    text.remove_prefix(std::min(size, text.size()));
    return taken;
}

std::size_t behind(std::string_view text, std::string_view mark) {
    const auto place = text.find(mark);
    return place == std::string_view::npos ? text.size() : place + mark.size();
}

// Returns comments and declarations in their order. Skips lines of the preprocessor.
std::vector<Piece> pieces_of(std::string_view header) {
    std::vector<Piece> pieces;
    while (!header.empty()) {
        if (std::isspace(static_cast<unsigned char>(header.front())) != 0) {
            header.remove_prefix(1);
        } else if (header.starts_with("/*")) {
            pieces.push_back({true, words_of_comment(take(header, behind(header, "*/")))});
        } else if (header.starts_with('#') || header.starts_with("extern \"C\"") || header.starts_with('}')) {
            take(header, behind(header, "\n"));
        } else {
            const bool is_structure = header.substr(0, header.find(';')).find('{') != std::string_view::npos;
            pieces.push_back({false, plain_declaration(std::string(
                                         take(header, behind(header, is_structure ? "};" : ";"))))});
        }
    }
    return pieces;
}

// Shows each declaration above the comment that precedes it in the header.
std::string text_of(const std::vector<Piece>& pieces) {
    std::string text;
    std::string declarations;
    std::string about;
    const auto flush = [&] {
        text += declarations.empty() ? "" : verbatim(declarations);
        text += about.empty() ? "" : ".PP\n" + about + "\n";
        declarations.clear();
        about.clear();
    };
    for (const Piece& piece : pieces) {
        if (!piece.is_comment) {
            declarations += piece.text + "\n";
            continue;
        }
        flush();
        if (const Title title = title_of(piece.text); !title.words.empty()) {
            text += section(title.words) + (title.about.empty() ? "" : roff(title.about) + "\n");
        } else {
            about = std::regex_replace(roff_of_markdown_text(piece.text), std::regex("\n\n+"), "\n.PP\n");
        }
    }
    flush();
    return text;
}

std::string see_also(std::initializer_list<std::pair<const char*, int>> pages) {
    std::string text = section("See also");
    for (const auto& [page, number] : pages) {
        text += (text.ends_with('\n') ? "" : ", ") + reference(page, number);
    }
    return text + "\n";
}

} // namespace

std::string library_page(std::string_view header) {
    auto pieces = pieces_of(header);
    if (!pieces.empty() && pieces.front().text.starts_with("SPDX")) {
        pieces.erase(pieces.begin());
    }
    return page_heading({.name = "libashlar", .section = 3, .purpose = "a drop-in malloc for Linux"}) +
           section("Synopsis") +
           verbatim("LD_PRELOAD=libashlar.so.0 COMMAND\n\n#include <ashlar/ashlar.h>\n\n"
                    "cc program.c $(pkg-config --cflags --libs ashlar)\n"
                    "cc program.c $(pkg-config --cflags --libs ashlar-static)") +
           section("Description") + text_of(pieces) + section("Environment") + ".TP\n" + bold("ASHLAR_CONF") +
           "\n" + "Settings, see " + reference("ashlar-settings", 7) + ".\n" +
           see_also({{"ashlar", 1}, {"ashlar-run", 1}, {"ashlar-statistics", 5}, {"ashlar-settings", 7}});
}

std::vector<std::string> functions_of(std::string_view header) {
    static const std::regex kFunction(R"(\b(ashlar_\w+)\()");
    std::vector<std::string> names;
    for (const Piece& piece : pieces_of(header)) {
        std::smatch found;
        if (!piece.is_comment && std::regex_search(piece.text, found, kFunction)) {
            names.push_back(found[1]);
        }
    }
    return names;
}

std::string settings_page(std::string_view markdown) {
    return page_heading(
               {.name = "ashlar-settings", .section = 7, .purpose = "settings of the allocator Ashlar"}) +
           roff_of_markdown(markdown) + see_also({{"ashlar", 1}, {"libashlar", 3}, {"ashlar-statistics", 5}});
}

std::string statistics_page(std::string_view markdown) {
    return page_heading({.name = "ashlar-statistics",
                         .section = 5,
                         .purpose = "what the allocator Ashlar tells about a process"}) +
           roff_of_markdown(markdown) +
           see_also({{"ashlar-stats", 1},
                     {"ashlar-top", 1},
                     {"libashlar", 3},
                     {"ashlar-results", 5},
                     {"ashlar-settings", 7}});
}

std::string profile_page(std::string_view markdown) {
    return page_heading({.name = "ashlar-profile",
                         .section = 5,
                         .purpose = "files that profiles of the allocator Ashlar are in"}) +
           roff_of_markdown(markdown) +
           see_also(
               {{"ashlar-profile", 1}, {"ashlar-budget", 1}, {"ashlar-results", 5}, {"ashlar-settings", 7}});
}

std::string results_page(std::string_view markdown, const std::vector<std::string>& schemas) {
    std::string text = page_heading({.name = "ashlar-results",
                                     .section = 5,
                                     .purpose = "JSON that the commands of the allocator Ashlar write"}) +
                       roff_of_markdown(markdown);
    for (const std::string& schema : schemas) {
        text += fields_of_schema(schema);
    }
    return text + see_also({{"ashlar", 1},
                            {"ashlar-compare", 1},
                            {"ashlar-report", 1},
                            {"ashlar-profile", 5},
                            {"ashlar-statistics", 5}});
}

} // namespace ashlar::document
