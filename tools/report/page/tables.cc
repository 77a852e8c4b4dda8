// SPDX-License-Identifier: MIT
#include "report/page/tables.h"

#include "report/chart/markup.h"

#include <fmt/format.h>

namespace ashlar::report::page {

using chart::escaped;

std::string table_head(std::string_view caption, const std::vector<std::string>& header,
                       std::string_view body_id) {
    std::string text =
        fmt::format(R"(<div class="scroll" tabindex="0" role="region" aria-label="{0}"><table>)"
                    R"(<caption>{0}</caption><thead><tr>)",
                    escaped(caption));
    for (const std::string& each : header) {
        text += each.empty() ? "<td></td>" : fmt::format(R"(<th scope="col">{}</th>)", escaped(each));
    }
    text += "</tr></thead>";
    return text + (body_id.empty() ? std::string("<tbody>\n") : fmt::format("<tbody id=\"{}\">\n", body_id));
}

std::string table_row(const std::string& name, const std::vector<std::string>& cells) {
    std::string text = fmt::format(R"(<tr><th scope="row">{}</th>)", escaped(name));
    for (const std::string& cell : cells) {
        text += "<td>" + escaped(cell) + "</td>";
    }
    return text + "</tr>\n";
}

void Table::add(const std::string& name, const std::vector<Cell>& cells) {
    text_ += fmt::format(R"(<tr><th scope="row">{}</th>)", escaped(name));
    for (const Cell& cell : cells) {
        text_ += fmt::format(R"(<td{}>{}</td>)",
                             *cell.classes == '\0' ? "" : fmt::format(R"( class="{}")", cell.classes),
                             escaped(cell.text));
    }
    text_ += "</tr>\n";
}

std::string folded(std::string_view summary, const std::string& content) {
    return fmt::format("<details><summary>{}</summary>\n{}</details>\n", escaped(summary), content);
}

std::string list(const std::vector<std::string>& sentences) {
    std::string text = "<ul>\n";
    for (const std::string& sentence : sentences) {
        text += "<li>" + escaped(sentence) + "</li>\n";
    }
    return text + "</ul>\n";
}

} // namespace ashlar::report::page
