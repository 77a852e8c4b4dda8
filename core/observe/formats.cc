// SPDX-License-Identifier: MIT
#include "observe/formats.h"

#include "layout/size_class.h"
#include "observe/rows.h"
#include "observe/tables.h"
#include "os/process.h"

#include <utility>

namespace ashlar::observe {

namespace {

// Returns whether the program uses blocks of the class.
bool worth_telling(const ashlar_class_statistics& figures) {
    return figures.slabs != 0 || figures.live != 0 || figures.refills != 0 || figures.flushes != 0;
}

// Calls visit(figures) for the classes that the program uses.
template <typename Visit>
void for_each_class(ClassFigures figures_of, Visit visit) {
    for (unsigned c = 1; c < layout::kClasses; ++c) {
        const ashlar_class_statistics figures = figures_of(c);
        if (worth_telling(figures)) visit(figures);
    }
}

// Calls visit(name, figures) for the kinds of heap locks that were counted.
template <typename Visit>
void for_each_lock(LockFigures locks_of, Visit visit) {
    for (unsigned number = 1; number <= kLockKinds; ++number) {
        const ashlar_lock_statistics figures = locks_of(number);
        if (figures.acquisitions != 0) visit(lock_name(number), figures);
    }
}

// ---- Text

void write_text(const ashlar_statistics& process, ClassFigures figures_of, LockFigures locks_of,
                Output& output, std::string_view prefix) {
    for (const Row& row : kProcessRows)
        output.text(prefix).text(row.name()).text(" ").number(row.value_in(process)).text("\n");
    for_each_class(figures_of, [&](const ashlar_class_statistics& figures) {
        output.text(prefix).text("class");
        for (const Row& row : kClassRows)
            output.text(" ").text(row.name()).text(" ").number(row.value_in(figures));
        const std::size_t percent =
            figures.slab_bytes != 0 ? figures.live * figures.size * 100 / figures.slab_bytes : 0;
        output.text(" utilisation ").number(percent).text("%\n");
    });
    for_each_lock(locks_of, [&](const char* name, const ashlar_lock_statistics& figures) {
        output.text(prefix).text("lock ").text(name);
        for (const Row& row : kLockRows)
            output.text(" ").text(row.name()).text(" ").number(row.value_in(figures));
        output.text("\n");
    });
}

// ---- XML

void write_xml(const ashlar_statistics& process, ClassFigures figures_of, LockFigures locks_of,
               Output& output) {
    const auto system = [&output](std::string_view type, std::size_t bytes) {
        output.text("<system type=\"").text(type).text("\" size=\"").number(bytes).text("\"/>\n");
    };
    output.text("<malloc version=\"1\">\n<heap nr=\"0\">\n");
    for_each_class(figures_of, [&](const ashlar_class_statistics& figures) {
        output.text("<class");
        for (const Row& row : kClassRows)
            output.text(" ").text(row.name()).text("=\"").number(row.value_in(figures)).text("\"");
        output.text("/>\n");
    });
    output.text("</heap>\n");
    for_each_lock(locks_of, [&](const char* name, const ashlar_lock_statistics& figures) {
        output.text("<lock name=\"").text(name).text("\"");
        for (const Row& row : kLockRows)
            output.text(" ").text(row.name()).text("=\"").number(row.value_in(figures)).text("\"");
        output.text("/>\n");
    });
    system("current", process.slabs + process.large + process.fallback);
    for (const Row& row : kProcessRows) {
        // Bytes in blocks of this library and of the malloc behind.
        const bool all = row.name() == "allocated";
        system(row.name(), row.value_in(process) + (all ? process.fallback : 0));
    }
    output.text("</malloc>\n");
}

// ---- JSON

void write_json(const ashlar_statistics& process, ClassFigures figures_of, LockFigures locks_of,
                Output& output) {
    const auto object = [&output](const auto& rows, const auto& figures) {
        std::string_view separator = "{";
        for (const Row& row : rows) {
            output.text(std::exchange(separator, ",")).text("\"").text(row.name()).text("\":");
            output.number(row.value_in(figures));
        }
        output.text("}");
    };
    output.text("{\"library\":\"").text(kTables.library_version).text("\",\"pid\":").number(os::process_id());
    output.text(",\n\"process\":");
    object(kProcessRows, process);
    output.text(",\n\"classes\":[");
    std::string_view separator = "\n";
    for_each_class(figures_of, [&](const ashlar_class_statistics& figures) {
        output.text(std::exchange(separator, ",\n"));
        object(kClassRows, figures);
    });
    output.text("]");
    bool any = false;
    for_each_lock(locks_of, [&](const char* name, const ashlar_lock_statistics& figures) {
        output.text(std::exchange(any, true) ? "," : ",\n\"locks\":{").text("\"").text(name).text("\":");
        object(kLockRows, figures);
    });
    output.text(any ? "}}\n" : "}\n");
}

// ---- Prometheus: names end with the unit, and with "_total" for counters

void write_name(const Row& row, std::string_view family, Output& output) {
    std::string_view name = row.name();
    if (row.unit == Unit::kNanoseconds) name.remove_suffix(sizeof("_ns") - 1);
    output.text(family).text(name);
    const bool told = name.ends_with("_bytes") || name == "size";
    if (row.unit == Unit::kBytes && !told) output.text("_bytes");
    if (row.unit == Unit::kNanoseconds) output.text("_seconds");
    if (row.kind == Kind::kCounter) output.text("_total");
}

void write_head(const Row& row, std::string_view family, Output& output) {
    output.text("# HELP ");
    write_name(row, family, output);
    output.text(" ").text(row.help()).text("\n# TYPE ");
    write_name(row, family, output);
    output.text(row.kind == Kind::kCounter ? " counter\n" : " gauge\n");
}

void write_value(const Row& row, std::uint64_t value, Output& output) {
    if (row.unit == Unit::kNanoseconds) {
        output.seconds(value);
    } else {
        output.number(value);
    }
    output.text("\n");
}

void write_prometheus(const ashlar_statistics& process, ClassFigures figures_of, LockFigures locks_of,
                      Output& output) {
    for (const Row& row : kProcessRows) {
        write_head(row, "ashlar_", output);
        write_name(row, "ashlar_", output);
        output.text(" ");
        write_value(row, row.value_in(process), output);
    }
    for (const Row& row : kClassRows) {
        if (row.name() == "size") continue; // the size is the label
        write_head(row, "ashlar_class_", output);
        for_each_class(figures_of, [&](const ashlar_class_statistics& figures) {
            write_name(row, "ashlar_class_", output);
            output.text("{size=\"").number(figures.size).text("\"} ");
            write_value(row, row.value_in(figures), output);
        });
    }
    bool counts_locks = false;
    for_each_lock(locks_of, [&](const char*, const ashlar_lock_statistics&) { counts_locks = true; });
    for (const Row& row : kLockRows) {
        if (!counts_locks) return;
        write_head(row, "ashlar_lock_", output);
        for_each_lock(locks_of, [&](const char* name, const ashlar_lock_statistics& figures) {
            write_name(row, "ashlar_lock_", output);
            output.text("{lock=\"").text(name).text("\"} ");
            write_value(row, row.value_in(figures), output);
        });
    }
}

} // namespace

Format format_for(std::string_view path) {
    if (path.ends_with(".json")) return Format::kJson;
    return path.ends_with(".prom") ? Format::kPrometheus : Format::kText;
}

void write(Format format, const ashlar_statistics& process, ClassFigures figures_of, Output& output,
           std::string_view prefix, LockFigures locks_of) {
    switch (format) {
    case Format::kText:
        return write_text(process, figures_of, locks_of, output, prefix);
    case Format::kXml:
        return write_xml(process, figures_of, locks_of, output);
    case Format::kJson:
        return write_json(process, figures_of, locks_of, output);
    case Format::kPrometheus:
        return write_prometheus(process, figures_of, locks_of, output);
    }
}

bool write(Format format, Output::Write write_part, void* to, std::string_view prefix) {
    TextBuffer buffer;
    Output output(buffer.bytes(), write_part, to);
    write(format, gather_all(), gather_class, output, prefix);
    return output.finish();
}

} // namespace ashlar::observe
