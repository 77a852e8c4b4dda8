// SPDX-License-Identifier: MIT
#include "observe/byte_text.h"
#include "report/memory_report.h"
#include "report/printable.h"

#include <algorithm>
#include <fmt/format.h>

namespace ashlar::report {

namespace {

using observe::byte_text;
using observe::ClassReading;
using observe::Ledger;

std::string percent(std::uint64_t part, std::uint64_t whole) {
    return whole == 0
               ? ""
               : fmt::format("{:.1f} %", 100.0 * static_cast<double>(part) / static_cast<double>(whole));
}

// Returns "+1.2 MiB".
std::string change(std::uint64_t now, std::uint64_t before) {
    if (now == before) {
        return "=";
    }
    return (now > before ? "+" : "-") + byte_text(now > before ? now - before : before - now);
}

std::string heading(const MemoryReport& report) {
    const process::Status& status = report.now.status;
    std::string text = fmt::format("process {} ({})", report.process, printable(status.name));
    if (!report.version.empty()) {
        text += fmt::format(" on Ashlar {}", report.version);
    }
    return text + fmt::format(": {} in memory, {} at its peak\n", byte_text(report.now.ledger.rss),
                              byte_text(std::max(status.rss_peak, report.now.ledger.rss)));
}

// The table of parts. It has a column of changes if there is an earlier reading.
class LedgerTable {
  public:
    explicit LedgerTable(const MemoryReport& report)
        : report_(report),
          table_(report.before ? std::vector<std::string>{"in memory", "bytes", "of RSS", "change"}
                               : std::vector<std::string>{"in memory", "bytes", "of RSS"}) {}

    std::string render(const TextSettings& settings) {
        const auto is_huge = [](const observe::PartFacts& part) {
            return part.part == observe::Part::kHugeExcess;
        };
        add_parts("the heap", [](const observe::PartFacts& part) { return part.is_heap; });
        add_parts("huge pages, wherever they are", is_huge);
        add_parts("not the heap",
                  [&](const observe::PartFacts& part) { return !part.is_heap && !is_huge(part); });
        table_.add_rule();
        const Ledger& ledger = report_.now.ledger;
        add("sum", ledger.sum(), sum_before());
        if (ledger.sum() != ledger.rss) { // the kernel and the heap were read at different moments
            add("RSS", ledger.rss, report_.before ? std::optional(report_.before->rss) : std::nullopt);
        }
        return table_.render(settings.colour, settings.columns);
    }

  private:
    template <class Belongs>
    void add_parts(const char* heading, Belongs belongs) {
        bool is_first = true;
        for (const observe::PartFacts& part : observe::kParts) {
            const std::uint64_t bytes = report_.now.ledger[part.part];
            const auto before = before_of(part.key);
            if (!belongs(part) || (bytes == 0 && before.value_or(0) == 0)) {
                continue;
            }
            if (is_first) {
                table_.add({{heading, Tint::kFaint}});
                is_first = false;
            }
            add(fmt::format("  {}", part.label), bytes, before);
        }
    }

    std::optional<std::uint64_t> before_of(const char* key) const {
        if (!report_.before) {
            return std::nullopt;
        }
        const auto found = report_.before->parts.find(key);
        return found == report_.before->parts.end() ? 0 : found->second;
    }

    std::optional<std::uint64_t> sum_before() const {
        if (!report_.before) {
            return std::nullopt;
        }
        std::uint64_t sum = 0;
        for (const auto& [key, bytes] : report_.before->parts) {
            sum += bytes;
        }
        return sum;
    }

    void add(const std::string& label, std::uint64_t bytes, std::optional<std::uint64_t> before) {
        std::vector<TextCell> row{{label}, {byte_text(bytes)}, {percent(bytes, report_.now.ledger.rss)}};
        if (before) {
            row.push_back({change(bytes, *before)});
        }
        table_.add(std::move(row));
    }

    const MemoryReport& report_;
    TextTable table_;
};

std::string absent_line(const Ledger& ledger) {
    std::string text;
    const auto add = [&](const char* label, std::uint64_t bytes) {
        if (bytes != 0) {
            text += fmt::format("{}{} {}", text.empty() ? "" : ", ", label, byte_text(bytes));
        }
    };
    add("live but never touched", ledger.live_absent);
    add("free in slabs", ledger.free_absent);
    add("free pages", ledger.free_clean);
    add("in swap", ledger.swap);
    return text.empty() ? "" : "not in memory: " + text + "\n";
}

// Shows the classes with the most memory.
std::string class_table(const MemoryReport& report, const TextSettings& settings) {
    constexpr std::size_t kMost = 12;
    const auto& classes = report.now.heap->classes;
    const auto& memory = report.now.memory->classes;
    std::vector<std::size_t> order;
    for (std::size_t c = 1; c < classes.size(); ++c) {
        if (classes[c].slabs + classes[c].mixed + classes[c].refills != 0) {
            order.push_back(c);
        }
    }
    const auto present = [&](std::size_t c) { return memory[c].blocks_present + memory[c].free_present; };
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return present(a) > present(b); });
    const std::size_t shown = std::min(order.size(), kMost);
    if (shown == 0) {
        return "";
    }
    const bool compares = report.before.has_value() && !report.before->live_blocks.empty();
    std::vector<std::string> header{"class",         "live blocks",     "live",        "in caches",
                                    "free in slabs", "of it in memory", "used",        "slabs",
                                    "refills",       "flushes",         "remote frees"};
    if (compares) {
        header.insert(header.begin() + 2, "change");
    }
    TextTable table(header);
    for (std::size_t index = 0; index < shown; ++index) {
        const std::size_t c = order[index];
        const ClassReading& row = classes[c];
        std::vector<TextCell> cells{{fmt::format("{} B", row.size)},
                                    {fmt::format("{}", row.live())},
                                    {byte_text(row.live() * row.size)},
                                    {byte_text(row.cached * row.size)},
                                    {byte_text(row.free() * row.size)},
                                    {byte_text(memory[c].free_present)},
                                    {percent(row.out, row.slabs * row.blocks_per_slab)},
                                    {fmt::format("{}", row.slabs)},
                                    {fmt::format("{}", row.refills)},
                                    {fmt::format("{}", row.flushes)},
                                    {fmt::format("{}", row.remote_frees)}};
        if (compares) {
            const auto found = report.before->live_blocks.find(row.size);
            const std::uint64_t before = found == report.before->live_blocks.end() ? 0 : found->second;
            const auto difference = static_cast<std::int64_t>(row.live()) - static_cast<std::int64_t>(before);
            cells.insert(cells.begin() + 2, {{fmt::format("{:+}", difference)}});
        }
        table.add(std::move(cells));
    }
    std::string text = "\n" + table.render(settings.colour, settings.columns);
    if (order.size() > shown) {
        text += fmt::format("and {} classes more (--json has all)\n", order.size() - shown);
    }
    return text;
}

std::string lock_table(const observe::HeapReading& heap, const TextSettings& settings) {
    if (heap.locks.empty()) {
        return "";
    }
    TextTable table({"the heap's own locks", "taken", "contended", "waited", "longest wait"});
    const auto time = [](std::uint64_t nanoseconds) {
        return fmt::format("{:.3f} ms", static_cast<double>(nanoseconds) * 1e-6);
    };
    for (const observe::LockReading& lock : heap.locks) {
        table.add({{lock.name},
                   {fmt::format("{}", lock.counts.acquisitions)},
                   {fmt::format("{}", lock.counts.contended)},
                   {time(lock.counts.wait_ns)},
                   {time(lock.counts.wait_max_ns)}});
    }
    return "\n" + table.render(settings.colour, settings.columns) + "\n";
}

std::string heap_line(const observe::HeapReading& heap) {
    if (!heap.is_open) {
        return "the heap is not open: the program has not allocated yet, runs with enabled:false, or no "
               "window could "
               "be had; then all of it is the malloc's behind Ashlar, under other anonymous memory\n";
    }
    return fmt::format(
        "large blocks {}, kept for the next ones {}; {} threads with a cache, {} shards; {} requests "
        "went to the malloc behind Ashlar\n",
        byte_text(heap.live_large), byte_text(heap.cached_large), heap.threads, heap.shards,
        heap.events.fallback_calls);
}

} // namespace

std::string memory_text(const MemoryReport& report, const TextSettings& settings) {
    std::string text = heading(report) + "\n";
    text += LedgerTable(report).render(settings);
    text += absent_line(report.now.ledger);
    if (report.now.heap && report.now.memory) {
        text += class_table(report, settings);
        text += lock_table(*report.now.heap, settings);
        text += heap_line(*report.now.heap);
    }
    text += fmt::format("\n{}: {}\n  what would help: {}\n", observe::verdict_name(report.judgement.verdict),
                        report.judgement.sentence, report.judgement.advice);
    if (report.refusal) {
        text += fmt::format("\nnot read: the memory of the process; {}\n  remedy: {}\n", report.refusal->what,
                            report.refusal->remedy);
    }
    if (!report.note.empty()) {
        text += fmt::format("\nnote: {}\n", report.note);
    }
    return text;
}

} // namespace ashlar::report
