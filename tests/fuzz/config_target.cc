// SPDX-License-Identifier: MIT
//
// Parses an arbitrary string as ASHLAR_CONF, and as the argument of ashlar_control. Compares the result with
// a second implementation of the rules of docs/configuration.md: the accepted values and the complaints.
// Complaints must be whole, printable lines. Reading a string twice changes nothing more, and neither does
// reading the output of print:true.
#include "common/report.h"
#include "os/config.h"
#include "os/message.h"
#include "target.h"

#include <ashlar/ashlar.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace {

using ashlar::os::settings;
using ashlar::os::Settings;
using ashlar::os::TextSetting;
using common::fail;

struct Rule {
    std::string_view key;
    std::atomic<std::size_t>* value; // null if the value is a path
    TextSetting* path;
    std::size_t usual;
    std::vector<std::string_view> names; // names of its values; none for a number or a path
    bool at_start;                       // only valid at start
};

const std::vector<std::string_view> kNumber = {};
const std::vector<std::string_view> kSwitch = {"false", "true"};

std::vector<Rule>& rules() {
    static std::vector<Rule> table = [] {
        const auto rule = [](std::string_view key, std::atomic<std::size_t>& value,
                             std::atomic<std::size_t> Settings::*usual,
                             const std::vector<std::string_view>& names, bool at_start) {
            const Settings defaults;
            return Rule{key, &value, nullptr, (defaults.*usual).load(), names, at_start};
        };
        const auto path = [](std::string_view key, TextSetting& value) {
            return Rule{key, nullptr, &value, 0, {}, true};
        };
        return std::vector<Rule>{
            rule("enabled", settings.enabled, &Settings::enabled, kSwitch, true),
            rule("background", settings.background, &Settings::background, kSwitch, false),
            rule("prewarm", settings.prewarm, &Settings::prewarm, kSwitch, false),
            rule("print", settings.print, &Settings::print, kSwitch, true),
            rule("thread_cache", settings.thread_cache, &Settings::thread_cache, kNumber, false),
            rule("large_limit", settings.large_limit, &Settings::large_limit, kNumber, false),
            rule("purge_delay_ms", settings.purge_delay_ms, &Settings::purge_delay_ms, kNumber, false),
            rule("dirty_limit", settings.dirty_limit, &Settings::dirty_limit, kNumber, false),
            rule("window", settings.window, &Settings::window, kNumber, true),
            rule("huge_pages", settings.huge_pages, &Settings::huge_pages, {"never", "auto", "always"}, true),
            rule("numa", settings.numa, &Settings::numa, {"off", "local", "bind"}, true),
            path("stats_at_exit", settings.stats_at_exit),
            path("stats_file", settings.stats_file),
            rule("count", settings.count, &Settings::count, kSwitch, true),
            rule("stats_signal", settings.stats_signal, &Settings::stats_signal, kNumber, true),
            rule("profile", settings.profile, &Settings::profile, kNumber, true),
            path("profile_file", settings.profile_file),
            rule("profile_cost", settings.profile_cost, &Settings::profile_cost, kNumber, false),
            rule("profile_limit", settings.profile_limit, &Settings::profile_limit, kNumber, false),
            rule("profile_interval_ms", settings.profile_interval_ms, &Settings::profile_interval_ms, kNumber,
                 false),
            rule("profile_signal", settings.profile_signal, &Settings::profile_signal, kNumber, true),
            rule("profile_cpu", settings.profile_cpu, &Settings::profile_cpu, kNumber, false),
        };
    }();
    return table;
}

// ---- The second implementation

std::optional<std::size_t> read_number(std::string_view text) {
    constexpr std::string_view kUnits = "kKmMgGtT";
    unsigned shift = 0;
    if (!text.empty() && kUnits.find(text.back()) != std::string_view::npos) {
        shift = 10 * static_cast<unsigned>(kUnits.find(text.back()) / 2 + 1);
        text.remove_suffix(1);
    }
    if (text.empty() || text.find_first_not_of("0123456789") != std::string_view::npos) return std::nullopt;
    std::size_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || number > SIZE_MAX >> shift) return std::nullopt;
    return number << shift;
}

constexpr std::array<std::string_view, 7> kOfTheHardenedLibrary = {
    "quarantine", "large_quarantine", "poison", "guard_pages", "check_sizes", "check_forms", "checks"};

constexpr std::size_t kLongestPath = 255;

std::optional<std::string> read_path(std::string_view text) {
    if (text.empty() || text.size() > kLongestPath) return std::nullopt;
    return std::string(text);
}

struct Verdict {
    Rule* rule = nullptr;             // null if this library has no such key
    std::optional<std::string> value; // a number in decimal
    bool elsewhere = false;           // a key of the hardened library only
};

Verdict judge(std::string_view setting) {
    const std::string_view key = setting.substr(0, setting.find(':'));
    const std::string_view text = key.size() < setting.size() ? setting.substr(key.size() + 1) : "";
    for (Rule& rule : rules()) {
        if (rule.key != key) continue;
        if (rule.path != nullptr) return {&rule, read_path(text), false};
        if (rule.names.empty()) {
            const std::optional<std::size_t> number = read_number(text);
            if (!number.has_value()) return {&rule, std::nullopt, false};
            return {&rule, std::to_string(*number), false};
        }
        const auto name = std::find(rule.names.begin(), rule.names.end(), text);
        if (name == rule.names.end()) return {&rule, std::nullopt, false};
        return {&rule, std::to_string(name - rule.names.begin()), false};
    }
    const auto& others = kOfTheHardenedLibrary;
    return {nullptr, std::nullopt, std::find(others.begin(), others.end(), key) != others.end()};
}

// ---- The first implementation's results

using Values = std::vector<std::string>;

Values values_now() {
    Values values;
    for (const Rule& rule : rules())
        values.push_back(rule.path != nullptr ? std::string(rule.path->view())
                                              : std::to_string(rule.value->load()));
    return values;
}

void restore_defaults() {
    for (const Rule& rule : rules()) {
        if (rule.path != nullptr) {
            rule.path->set("");
        } else {
            rule.value->store(rule.usual);
        }
    }
}

std::vector<std::string> said;

void listen(const ashlar::os::Message& message) {
    said.emplace_back(message.view());
}

std::vector<std::string> said_by_applying(std::string_view configuration) {
    said.clear();
    ashlar::os::apply_settings(configuration, listen);
    return said;
}

void require_complaint(const std::string& line, const Verdict& verdict) {
    const auto printable = [](char c) { return c >= ' ' && c <= '~'; };
    if (!std::all_of(line.begin(), line.end(), printable)) fail("a complaint is not printable");
    const auto starts = [&line](const char* text) { return line.rfind(text, 0) == 0; };
    const auto ends = [&line](const std::string& text) {
        return line.size() >= text.size() && line.compare(line.size() - text.size(), text.size(), text) == 0;
    };
    if (verdict.elsewhere) {
        if (!starts("ASHLAR_CONF: \"") || !ends(" ignored; it is a setting of libashlar-hardened.so"))
            fail("a key of the hardened library gives: %s", line.c_str());
    } else if (verdict.rule == nullptr) {
        const bool names_key = std::any_of(rules().begin(), rules().end(), [&](const Rule& rule) {
            return ends(" ignored; did you mean \"" + std::string(rule.key) + "\"?");
        });
        if (!starts("ASHLAR_CONF: unknown key \"") || !names_key)
            fail("an unknown key gives: %s", line.c_str());
    } else {
        const std::string what = verdict.rule->path != nullptr ? "a path of less than 256 bytes"
                                 : verdict.rule->names.empty() ? "a number, with k, m, g or t for bytes"
                                                               : std::string(verdict.rule->names.back());
        if (!starts("ASHLAR_CONF: bad value in \"") || !ends(what))
            fail("a bad value gives: %s", line.c_str());
    }
}

// ---- The properties

void check_as_variable(std::string_view configuration) {
    restore_defaults();
    Values expected = values_now();
    std::vector<Verdict> wrong;
    for (std::string_view rest = configuration; !rest.empty();) {
        const std::string_view setting = rest.substr(0, rest.find(','));
        rest.remove_prefix(std::min(setting.size() + 1, rest.size()));
        if (setting.empty()) continue;
        const Verdict verdict = judge(setting);
        if (verdict.value.has_value()) {
            expected[static_cast<std::size_t>(verdict.rule - rules().data())] = *verdict.value;
        } else {
            wrong.push_back(verdict);
        }
    }
    const std::vector<std::string> complaints = said_by_applying(configuration);
    if (values_now() != expected) fail("the settings are not what the string says");
    if (complaints.size() != wrong.size()) {
        fail("%zu settings are wrong, and %zu complaints", wrong.size(), complaints.size());
    }
    for (std::size_t i = 0; i < wrong.size(); i++)
        require_complaint(complaints[i], wrong[i]);
    if (said_by_applying(configuration) != complaints) fail("read again, it gives other complaints");
    if (values_now() != expected) fail("read again, it gives other settings");
}

void check_what_is_shown() {
    const Values before = values_now();
    said.clear();
    ashlar::os::print_settings(listen);
    if (said.size() != rules().size()) fail("%zu settings are shown", said.size());
    std::string shown;
    for (const std::string& line : said) {
        const std::string setting = line.substr(0, line.rfind(" (")); // the rest names the source
        if (setting.back() != ':') shown += setting + ",";            // an empty path is no value
    }
    restore_defaults();
    if (!said_by_applying(shown).empty() || values_now() != before)
        fail("not understood again: %s", shown.c_str());
}

void check_as_argument(const std::string& setting) {
    restore_defaults();
    const Verdict verdict = judge(setting.c_str());
    int expected = 0;
    if (verdict.elsewhere) {
        expected = ENOTSUP;
    } else if (verdict.rule == nullptr) {
        expected = EINVAL;
    } else if (verdict.rule->at_start) {
        expected = EPERM;
    } else if (!verdict.value.has_value()) {
        expected = EINVAL;
    }
    Values after = values_now();
    if (expected == 0) after[static_cast<std::size_t>(verdict.rule - rules().data())] = *verdict.value;
    for (int times = 0; times < 2; times++) {
        errno = EDOM;
        const int result = ashlar_control(setting.c_str());
        if (result != expected) fail("ashlar_control gives %d instead of %d", result, expected);
        if (errno != EDOM) fail("ashlar_control sets errno to %d", errno);
        if (values_now() != after) fail("ashlar_control sets something else");
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    check_as_variable(text);
    if (fuzz::printing) {
        for (const std::string& line : said)
            std::printf("    %s\n", line.c_str());
    }
    check_what_is_shown();
    check_as_argument(text);
    check_as_argument(text.substr(0, text.find(',')));
    restore_defaults();
    return 0;
}
