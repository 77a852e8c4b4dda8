// SPDX-License-Identifier: MIT
#include "report/profile/budget.h"

#include "report/chart/markup.h"
#include "report/profile/quantities.h"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <ostream>

namespace ashlar::report::profile {

namespace {

using namespace ashlar::profile;
using chart::escaped;
using Json = nlohmann::ordered_json;

std::string process_name(const std::string& program, std::uint64_t process) {
    return fmt::format("{} ({})", std::filesystem::path(program).filename().string(), process);
}
std::string process_name(const BudgetResult& result) {
    return process_name(result.summary->recording.program, result.summary->recording.pid);
}
std::string process_name(const measure::Unrecorded& process) {
    return process_name(process.program, static_cast<std::uint64_t>(process.process));
}

// Shows exact bytes too, because limits are compared by them.
std::string amount_text(const BudgetItem& item, std::uint64_t amount) {
    if (item.in_blocks) {
        return fmt::format("{} block{}", amount, amount == 1 ? "" : "s");
    }
    constexpr std::uint64_t kExact = 1024;
    const std::string text = bytes_text(static_cast<double>(amount));
    return amount < kExact ? text : fmt::format("{} ({} bytes)", text, amount);
}

// Returns the largest sites by the limit's quantity.
std::vector<Site> largest_sites(const BudgetResult& result, const BudgetItem& item, std::size_t top) {
    std::vector<Site> sites = result.summary->at(item.view).sites;
    if (item.in_blocks) {
        std::stable_sort(sites.begin(), sites.end(), [](const Site& one, const Site& other) {
            return one.amount.blocks.value > other.amount.blocks.value;
        });
    }
    sites.resize(std::min(top, sites.size()));
    return sites;
}

std::string site_text(const Site& site, const Frames& frames) {
    const auto blocks = static_cast<std::uint64_t>(site.amount.blocks.value);
    return fmt::format("{} block{}, {}: {}", blocks, blocks == 1 ? "" : "s",
                       bytes_text(site.amount.bytes.value), words_for(frames[site.frame]));
}

const char* word_for(Outcome outcome) {
    return outcome == Outcome::kKept ? "kept" : outcome == Outcome::kOutgrown ? "outgrown" : "not known";
}

const char* sentence_end(Outcome outcome) {
    return outcome == Outcome::kKept       ? " kept its budget\n"
           : outcome == Outcome::kOutgrown ? " outgrew its budget\n"
                                           : ": not known whether it kept to its limits\n";
}

Json kept(Outcome outcome) {
    return outcome == Outcome::kUnknown ? Json() : Json(outcome == Outcome::kKept);
}

} // namespace

Outcome BudgetResult::outcome() const {
    const auto any = [&](Outcome one) {
        return std::any_of(items.begin(), items.end(),
                           [&](const BudgetItem& item) { return item.outcome == one; });
    };
    return any(Outcome::kOutgrown)  ? Outcome::kOutgrown
           : any(Outcome::kUnknown) ? Outcome::kUnknown
                                    : Outcome::kKept;
}

std::string budget_text(const std::vector<BudgetResult>& results,
                        const std::vector<measure::Unrecorded>& unrecorded, const Frames& frames,
                        std::size_t top, const TextSettings& settings) {
    std::string text;
    std::size_t kept = 0;
    for (const BudgetResult& result : results) {
        if (result.outcome() == Outcome::kKept && ++kept > top) {
            continue;
        }
        text += process_name(result) + sentence_end(result.outcome());
        TextTable table({"", "used", "limit", ""});
        for (const BudgetItem& item : result.items) {
            const Tint tint = item.outcome == Outcome::kKept       ? Tint::kGood
                              : item.outcome == Outcome::kOutgrown ? Tint::kBad
                                                                   : Tint::kFaint;
            table.add({{std::string("  ") + item.name},
                       {amount_text(item, item.used), tint},
                       {amount_text(item, item.limit)},
                       {word_for(item.outcome), tint}});
        }
        text += table.render(settings.colour, settings.columns);
        for (const BudgetItem& item : result.items) {
            if (item.outcome == Outcome::kOutgrown) {
                text += fmt::format("\n  {}: {}\n", item.name, sentence_of(item.view));
                for (const Site& site : largest_sites(result, item, top)) {
                    text += "    " + site_text(site, frames) + "\n";
                }
            }
        }
    }
    if (kept > top) {
        text += fmt::format("{} other processes kept their budget\n", kept - top);
    }
    for (const measure::Unrecorded& each : unrecorded) {
        text += fmt::format("{}: not recorded: {}\n", process_name(each), each.why);
    }
    return text;
}

void write_budget_json(std::ostream& out, const std::vector<BudgetResult>& results,
                       const std::vector<measure::Unrecorded>& unrecorded, const Frames& frames,
                       std::size_t top) {
    Json processes = Json::array();
    for (const BudgetResult& result : results) {
        Json items = Json::array();
        for (const BudgetItem& item : result.items) {
            Json sites = Json::array();
            for (const Site& site : largest_sites(result, item, top)) {
                const Frame& frame = frames[site.frame];
                sites.push_back({{"function", frame.function},
                                 {"file", frame.file},
                                 {"line", frame.line},
                                 {"bytes", site.amount.bytes.value},
                                 {"blocks", site.amount.blocks.value}});
            }
            items.push_back({{"name", item.name},
                             {"unit", item.in_blocks ? "blocks" : "bytes"},
                             {"used", item.used},
                             {"limit", item.limit},
                             {"kept", kept(item.outcome)},
                             {"sites", std::move(sites)}});
        }
        processes.push_back({{"program", result.summary->recording.program},
                             {"pid", result.summary->recording.pid},
                             {"kept", kept(result.outcome())},
                             {"items", std::move(items)}});
    }
    Json others = Json::array();
    for (const measure::Unrecorded& each : unrecorded) {
        others.push_back({{"program", each.program}, {"pid", each.process}, {"why", each.why}});
    }
    const Json file{{"format", "ashlar budget"},
                    {"version", 1},
                    {"processes", std::move(processes)},
                    {"not_recorded", std::move(others)}};
    out << file.dump(2, ' ', false, Json::error_handler_t::replace) << '\n';
}

void write_budget_junit(std::ostream& out, const std::vector<BudgetResult>& results,
                        const std::vector<measure::Unrecorded>& unrecorded, const Frames& frames,
                        std::size_t top) {
    std::size_t tests = 0;
    std::size_t failures = 0;
    std::size_t errors = 0;
    std::string cases;
    for (const BudgetResult& result : results) {
        for (const BudgetItem& item : result.items) {
            ++tests;
            cases += fmt::format(R"(  <testcase classname="{}" name="{}")", escaped(process_name(result)),
                                 item.name);
            if (item.outcome == Outcome::kKept) {
                cases += "/>\n";
                continue;
            }
            if (item.outcome == Outcome::kUnknown) {
                ++errors;
                cases += ">\n    <error message=\"not known: not all was recorded\"/>\n  </testcase>\n";
                continue;
            }
            ++failures;
            cases += fmt::format(">\n    <failure message=\"{}\">",
                                 escaped(fmt::format("{} used, the limit is {}", amount_text(item, item.used),
                                                     amount_text(item, item.limit))));
            for (const Site& site : largest_sites(result, item, top)) {
                cases += escaped(site_text(site, frames)) + "\n";
            }
            cases += "</failure>\n  </testcase>\n";
        }
    }
    for (const measure::Unrecorded& each : unrecorded) {
        ++tests;
        ++errors;
        cases +=
            fmt::format("  <testcase classname=\"{}\" name=\"recorded\">\n    <error message=\"not known: "
                        "{}\"/>\n  </testcase>\n",
                        escaped(process_name(each)), escaped(each.why));
    }
    out << fmt::format(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"ashlar budget\" tests=\"{}\" "
        "failures=\"{}\" errors=\"{}\">\n{}</testsuite>\n",
        tests, failures, errors, cases);
}

} // namespace ashlar::report::profile
