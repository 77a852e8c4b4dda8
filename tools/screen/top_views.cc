// SPDX-License-Identifier: MIT
#include "screen/top_views.h"

#include "observe/byte_text.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>
#include <string_view>

namespace ashlar::screen {

namespace {

using observe::byte_text;
using observe::ClassReading;
using observe::Part;

constexpr std::array kKeyHelp{
    "q            quit",
    "h, ?, F1     this help",
    "Enter, right the selected process alone",
    "Esc, left    back to the list",
    "Up, Down, PgUp, PgDn, Home, End  move",
    "d, s         seconds between looks",
    "space        look now",
    "M            sort by memory",
    "L            by live memory (list)",
    "F            by free memory",
    "P            by allocation rate",
    "N            by number, or size of class",
    "< >          by the next column",
    "R            turn the order round",
};
constexpr std::array<std::string_view, 2> kMeanings{
    "Memory is RSS. live: blocks that the program holds. free: the rest of the heap, that is thread caches, "
    "free blocks in slabs, dirty pages, its tables and the excess of huge pages. other: stacks, files, and "
    "so on.",
    "~alloc/s is an estimate from below: what flows from slabs into thread caches.",
};

// Breaks the text between words where possible.
std::vector<std::string_view> wrapped(std::string_view text, std::size_t columns) {
    std::vector<std::string_view> lines;
    while (text.size() > columns) {
        const std::size_t space = text.rfind(' ', columns);
        const std::size_t length = space == std::string_view::npos || space == 0 ? columns : space;
        lines.push_back(text.substr(0, length));
        text.remove_prefix(length);
        text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    }
    lines.push_back(text);
    return lines;
}

void draw_help(Canvas& canvas) {
    canvas.put_line(0, "ashlar top: keys", Style::kBold);
    std::size_t row = 1;
    for (const char* const line : kKeyHelp) {
        canvas.put(++row, 0, line);
    }
    ++row;
    for (const std::string_view meaning : kMeanings) {
        for (const std::string_view line : wrapped(meaning, canvas.columns())) {
            canvas.put(++row, 0, line);
        }
    }
    canvas.put_line(canvas.rows() - 1, "any key goes back", Style::kFaint);
}

std::string rate_text(const std::optional<observe::Rates>& rates) {
    return rates ? fmt::format("~{}", byte_text(static_cast<std::uint64_t>(rates->bytes))) : "-";
}

void draw_bottom(const TopState& state, Canvas& canvas) {
    const std::string keys = state.alone ? (state.is_only ? "q quit  h help  d delay  M P F N sort"
                                                          : "q quit  h help  Esc back  d delay  M P F N sort")
                                         : "q quit  h help  Enter open  d delay  < > M P L F N sort";
    canvas.put_line(canvas.rows() - 1, state.message.empty() ? keys : state.message,
                    state.message.empty() ? Style::kFaint : Style::kWarning);
}

struct Column {
    const char* title;
    std::size_t width; // right-aligned; 0: the remaining columns, left-aligned
    ListOrder order;
    int rank; // a narrow screen omits the highest ranks
};
constexpr std::array kColumns{
    Column{"PID", 7, ListOrder::kNumber, 0},     Column{"RSS", 11, ListOrder::kRss, 0},
    Column{"live", 11, ListOrder::kLive, 1},     Column{"free", 11, ListOrder::kFree, 2},
    Column{"other", 11, ListOrder::kOutside, 4}, Column{"~alloc/s", 12, ListOrder::kRate, 3},
    Column{"thr", 5, ListOrder::kThreads, 5},    Column{"name", 0, ListOrder::kName, 0},
};

// Returns the highest rank that fits.
int highest_rank(std::size_t columns) {
    constexpr int kHighest = 5;
    constexpr std::size_t kName = 12;
    const auto width = [](int rank) {
        std::size_t sum = kName;
        for (const Column& column : kColumns) {
            sum += column.rank <= rank ? column.width : 0;
        }
        return sum;
    };
    int rank = kHighest;
    while (rank > 0 && width(rank) > columns) {
        --rank;
    }
    return rank;
}

std::string cells(const std::array<std::string, kColumns.size()>& texts, std::size_t columns) {
    const int rank = highest_rank(columns);
    std::string line;
    for (std::size_t index = 0; index < kColumns.size(); ++index) {
        const std::size_t width = kColumns[index].width;
        if (kColumns[index].rank <= rank) {
            line += width == 0 ? "  " + texts[index] : fmt::format("{:>{}}", texts[index], width);
        }
    }
    return line;
}

std::string list_line(const Watched& watched, std::size_t columns) {
    const Watched::Point point = point_of(watched.now.ledger);
    const bool is_split = watched.closed.empty();
    const std::array<std::string, kColumns.size()> texts{
        std::to_string(watched.process),
        byte_text(watched.now.ledger.rss),
        is_split ? byte_text(point.live) : "?",
        is_split ? byte_text(point.rest_of_heap) : "?",
        is_split ? byte_text(point.outside) : "?",
        rate_text(watched.rates),
        std::to_string(watched.now.ledger.threads),
        watched.now.status.name + (is_split ? "" : " (closed: " + watched.closed + ")")};
    return cells(texts, columns);
}

void draw_list(TopState& state, Canvas& canvas) {
    canvas.put_line(0,
                    fmt::format("ashlar top: {} process{} on Ashlar, every {:.3g} s", state.processes.size(),
                                state.processes.size() == 1 ? "" : "es", state.delay),
                    Style::kBold);
    std::array<std::string, kColumns.size()> titles;
    for (std::size_t index = 0; index < kColumns.size(); ++index) {
        const bool is_order = kColumns[index].order == state.list_order;
        titles[index] = std::string(kColumns[index].title) + (is_order ? (state.reversed ? "^" : "v") : "");
    }
    canvas.put_line(1, cells(titles, canvas.columns()), Style::kHeading);
    if (canvas.rows() < 4) {
        return;
    }
    const std::size_t lines = canvas.rows() - 3;
    state.first =
        std::clamp(state.first, state.selected - std::min(state.selected, lines - 1), state.selected);
    for (std::size_t line = 0; line < lines && state.first + line < state.processes.size(); ++line) {
        const std::size_t index = state.first + line;
        const std::string text = list_line(state.processes[index], canvas.columns());
        if (index == state.selected) {
            canvas.put_line(2 + line, text, Style::kSelected);
        } else {
            canvas.put(2 + line, 0, text);
        }
    }
    if (state.processes.empty()) {
        canvas.put(3, 2, "No process here runs on Ashlar. Start one: ashlar run -- COMMAND", Style::kFaint);
    }
}

// Draws the parts of RSS over time, the newest on the right. From the bottom: live, rest of the heap, other
// memory.
void draw_history(const Watched& watched, Canvas& canvas, std::size_t top, std::size_t height) {
    constexpr std::size_t kLabel = 11;
    if (canvas.columns() <= kLabel + 2 || height == 0) {
        return;
    }
    const std::size_t width = std::min(watched.history.size(), canvas.columns() - kLabel - 1);
    std::uint64_t most = 1;
    for (std::size_t index = watched.history.size() - width; index < watched.history.size(); ++index) {
        const Watched::Point& point = watched.history[index];
        most = std::max(most, point.live + point.rest_of_heap + point.outside);
    }
    canvas.put(top, 0, fmt::format("{:>{}}", byte_text(most), kLabel - 1), Style::kFaint);
    canvas.put(top + height - 1, 0, fmt::format("{:>{}}", "0", kLabel - 1), Style::kFaint);
    for (std::size_t index = 0; index < width; ++index) {
        const Watched::Point& point = watched.history[watched.history.size() - width + index];
        const auto rows_of = [&](std::uint64_t bytes) {
            return static_cast<std::size_t>(std::llround(
                static_cast<double>(bytes) / static_cast<double>(most) * static_cast<double>(height)));
        };
        const std::size_t live = rows_of(point.live);
        const std::size_t heap = rows_of(point.live + point.rest_of_heap);
        const std::size_t all = rows_of(point.live + point.rest_of_heap + point.outside);
        for (std::size_t row = 0; row < std::min(all, height); ++row) {
            const bool is_live = row < live;
            const bool is_free = !is_live && row < heap;
            canvas.put(top + height - 1 - row, canvas.columns() - width + index,
                       is_live   ? "#"
                       : is_free ? "="
                                 : ".",
                       is_live   ? Style::kLive
                       : is_free ? Style::kFree
                                 : Style::kOutside);
        }
    }
}

// Draws the parts of the ledger, in two columns if they fit. Returns the number of rows used.
std::size_t draw_parts(const observe::Ledger& ledger, Canvas& canvas, std::size_t top) {
    constexpr std::size_t kRight = 40;
    constexpr std::size_t kWidth = 38;
    const bool has_room = canvas.columns() >= kRight + kWidth;
    const auto is_outside = [](const observe::PartFacts& part) {
        return !part.is_heap && part.part != Part::kHugeExcess; // most of that excess is the heap's
    };
    const auto is_left = [&](const observe::PartFacts& part) { return !is_outside(part) || !has_room; };
    std::size_t left = top;
    std::size_t right = top;
    for (const observe::PartFacts& part : observe::kParts) {
        const std::uint64_t bytes = ledger[part.part];
        if (bytes == 0) {
            continue;
        }
        std::size_t& row = is_left(part) ? left : right;
        const double share =
            ledger.rss == 0 ? 0 : 100.0 * static_cast<double>(bytes) / static_cast<double>(ledger.rss);
        const Style style = part.part == Part::kLive ? Style::kLive
                            : is_outside(part)       ? Style::kOutside
                                                     : Style::kFree;
        canvas.put(row, is_left(part) ? 0 : kRight,
                   fmt::format("{:<20}{:>11}{:>5.0f} %", part.label, byte_text(bytes), share), style);
        ++row;
    }
    return std::max(left, right) - top;
}

std::vector<std::size_t> ordered_classes(const TopState& state, const Watched& watched) {
    const auto& classes = watched.now.heap->classes;
    const auto& memory = watched.now.memory->classes;
    std::vector<std::size_t> order;
    for (std::size_t c = 1; c < classes.size(); ++c) {
        if (classes[c].slabs + classes[c].mixed + classes[c].refills != 0) {
            order.push_back(c);
        }
    }
    const auto weight = [&](std::size_t c) -> double {
        switch (state.class_order) {
        case ClassOrder::kMemory:
            return static_cast<double>(memory[c].blocks_present + memory[c].free_present);
        case ClassOrder::kFree:
            return static_cast<double>(memory[c].free_present);
        case ClassOrder::kRate:
            return watched.rates ? watched.rates->by_class[c] : 0;
        case ClassOrder::kSize:
            break;
        }
        return -static_cast<double>(c);
    };
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
        return state.reversed ? weight(a) < weight(b) : weight(a) > weight(b);
    });
    return order;
}

std::vector<std::string> class_lines(const TopState& state, const Watched& watched) {
    std::vector<std::string> lines;
    for (const std::size_t c : ordered_classes(state, watched)) {
        const ClassReading& row = watched.now.heap->classes[c];
        lines.push_back(fmt::format("{:>7} B{:>11}{:>11}{:>11}{:>11}{:>8}{:>12}", row.size, row.live(),
                                    byte_text(row.live() * row.size), byte_text(row.cached * row.size),
                                    byte_text(watched.now.memory->classes[c].free_present), row.slabs,
                                    watched.rates ? fmt::format("~{}", byte_text(static_cast<std::uint64_t>(
                                                                           watched.rates->by_class[c])))
                                                  : "-"));
    }
    return lines;
}

std::vector<std::string> thread_lines(const Watched& watched) {
    std::vector<std::string> lines;
    for (const ThreadLine& thread : watched.threads) {
        lines.push_back(
            fmt::format("{:>7}  {:<16}{:>6.1f} %", thread.number, thread.name, 100 * thread.processor));
    }
    return lines;
}

struct Table {
    std::string heading;
    std::vector<std::string> lines;

    std::size_t rows() const { return lines.empty() ? 0 : 1 + lines.size(); }
};

void draw_table(const Table& table, std::size_t first, Canvas& canvas, std::size_t top, std::size_t rows) {
    if (rows == 0) {
        return;
    }
    canvas.put_line(top, table.heading, Style::kHeading);
    for (std::size_t row = 1; row < rows && first + row - 1 < table.lines.size(); ++row) {
        canvas.put(top + row, 0, table.lines[first + row - 1]);
    }
}

// Draws the busiest call sites in at most a third of the rows left. Returns the number of rows used.
std::size_t draw_sites(const Watched& watched, Canvas& canvas, std::size_t top) {
    const std::size_t rows = (canvas.rows() - 1 - top) / 3;
    if (!watched.sites || rows < 2) {
        return 0;
    }
    Table table{.heading = fmt::format("{:>11}{:>7}  {}", "~alloc/s", "share", "call site"), .lines = {}};
    for (const SiteLine& site : *watched.sites) {
        table.lines.push_back(fmt::format("{:>11}{:>5.0f} %  {}",
                                          "~" + byte_text(static_cast<std::uint64_t>(site.bytes)),
                                          100 * site.share, site.place));
    }
    if (table.lines.empty()) {
        table.lines.emplace_back("no samples yet");
    }
    const std::size_t used = std::min(rows, table.rows());
    draw_table(table, 0, canvas, top, used);
    return used;
}

// Draws the classes, and the threads below them. If rows are short, threads have a third of them. Scrolling
// down moves through the classes first.
void draw_tables(TopState& state, const Watched& watched, Canvas& canvas, std::size_t top) {
    Table classes{.heading = fmt::format("{:>9}{:>11}{:>11}{:>11}{:>11}{:>8}{:>12}", "class", "blocks",
                                         "live", "in caches", "free", "slabs", "~alloc/s"),
                  .lines = {}};
    if (watched.now.heap && watched.now.memory) {
        classes.lines = class_lines(state, watched);
    }
    const Table threads{.heading = fmt::format("{:>7}  {:<16}{:>8}", "thread", "name", "CPU"),
                        .lines = thread_lines(watched)};
    top += draw_sites(watched, canvas, top);
    const std::size_t rows = canvas.rows() - 1 - std::min(top, canvas.rows() - 1);
    constexpr std::size_t kFewest = 4; // for both tables
    const std::size_t kept = rows < kFewest ? 0 : std::max<std::size_t>(2, rows / 3);
    const std::size_t class_rows = std::min(classes.rows(), rows - std::min(kept, threads.rows()));
    const std::size_t thread_rows = std::min(threads.rows(), rows - class_rows);

    const std::size_t first_class = std::min(state.first, classes.rows() - class_rows);
    const std::size_t first_thread = std::min(state.first - first_class, threads.rows() - thread_rows);
    state.first = first_class + first_thread;
    draw_table(classes, first_class, canvas, top, class_rows);
    draw_table(threads, first_thread, canvas, top + class_rows, thread_rows);
}

void draw_process(TopState& state, const Watched& watched, Canvas& canvas) {
    const observe::Ledger& ledger = watched.now.ledger;
    canvas.put_line(0,
                    fmt::format("process {} ({}): {} in memory, {} thread{}, every {:.3g} s", watched.process,
                                watched.now.status.name, byte_text(ledger.rss), ledger.threads,
                                ledger.threads == 1 ? "" : "s", state.delay),
                    Style::kBold);
    const std::string flow =
        watched.rates            ? fmt::format("~alloc/s {}   refills/s {:.0f}   flushes/s {:.0f}",
                                               rate_text(watched.rates), watched.rates->refills, watched.rates->flushes)
        : watched.closed.empty() ? "rates are known after the next look"
                                 : "its heap's tables may not be read: " + watched.closed;
    canvas.put(1, 0, flow, watched.closed.empty() ? Style::kPlain : Style::kWarning);
    std::size_t row = 3 + draw_parts(ledger, canvas, 3);
    const std::size_t height = std::min<std::size_t>(8, canvas.rows() / 5);
    draw_history(watched, canvas, row + 1, height);
    row += height + 2;
    if (row + 1 < canvas.rows()) {
        draw_tables(state, watched, canvas, row);
    }
}

} // namespace

void draw(TopState& state, Canvas& canvas) {
    if (state.shows_help) {
        draw_help(canvas);
        return;
    }
    if (!state.alone) {
        draw_list(state, canvas);
    } else {
        const auto found = std::find_if(state.processes.begin(), state.processes.end(),
                                        [&](const Watched& each) { return each.process == *state.alone; });
        if (found != state.processes.end()) {
            draw_process(state, *found, canvas);
        }
    }
    draw_bottom(state, canvas);
}

} // namespace ashlar::screen
