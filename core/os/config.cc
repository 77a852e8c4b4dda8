// SPDX-License-Identifier: MIT
#include "os/config.h"

#include "os/edition.h"
#include "os/message.h"
#include "os/mutex.h"

#include <algorithm>
#include <array>
#include <sys/auxv.h>

namespace ashlar::os {

constinit Settings settings;

namespace {

enum class When : unsigned char { kStart, kAnyTime };
enum class Edition : unsigned char { kBoth, kHardened, kDefault };

// Names of a setting's values, in the order of their numbers. Empty for a setting that is a number.
using Choices = std::string_view;
constexpr Choices kNumber;
constexpr Choices kSwitch = "false|true";

struct Key {
    std::string_view name;
    Choices choices;
    When when;
    std::atomic<std::size_t>* value;
    std::string_view source; // origin of the value at start
    Edition edition = Edition::kBoth;

    TextSetting* text = nullptr; // replaces `value` for a path

    bool known_here() const {
        return edition == Edition::kBoth || (edition == Edition::kHardened) == os::kHardened;
    }
};

constexpr std::string_view kVariable = "ASHLAR_CONF";

constinit std::array keys = {
    Key{"enabled", kSwitch, When::kStart, &settings.enabled, "default"},
    Key{"background", kSwitch, When::kAnyTime, &settings.background, "default"},
    Key{"prewarm", kSwitch, When::kAnyTime, &settings.prewarm, "default"},
    Key{"print", kSwitch, When::kStart, &settings.print, "default"},
    Key{"thread_cache", kNumber, When::kAnyTime, &settings.thread_cache, "default"},
    Key{"large_limit", kNumber, When::kAnyTime, &settings.large_limit, "default"},
    Key{"purge_delay_ms", kNumber, When::kAnyTime, &settings.purge_delay_ms, "default"},
    Key{"dirty_limit", kNumber, When::kAnyTime, &settings.dirty_limit, "default"},
    Key{"window", kNumber, When::kStart, &settings.window, "default"},
    Key{"huge_pages", "never|auto|always", When::kStart, &settings.huge_pages, "default"},
    Key{"numa", "off|local|bind", When::kStart, &settings.numa, "default"},
    Key{"stats_at_exit", kNumber, When::kStart, nullptr, "default", Edition::kBoth, &settings.stats_at_exit},
    Key{"stats_file", kNumber, When::kStart, nullptr, "default", Edition::kBoth, &settings.stats_file},
    Key{"count", kSwitch, When::kStart, &settings.count, "default"},
    Key{"stats_signal", kNumber, When::kStart, &settings.stats_signal, "default"},
    Key{"profile", kNumber, When::kStart, &settings.profile, "default", Edition::kDefault},
    Key{"profile_file", kNumber, When::kStart, nullptr, "default", Edition::kDefault, &settings.profile_file},
    Key{"profile_cost", kNumber, When::kAnyTime, &settings.profile_cost, "default", Edition::kDefault},
    Key{"profile_limit", kNumber, When::kAnyTime, &settings.profile_limit, "default", Edition::kDefault},
    Key{"profile_interval_ms", kNumber, When::kAnyTime, &settings.profile_interval_ms, "default",
        Edition::kDefault},
    Key{"profile_signal", kNumber, When::kStart, &settings.profile_signal, "default", Edition::kDefault},
    Key{"profile_cpu", kNumber, When::kAnyTime, &settings.profile_cpu, "default", Edition::kDefault},
    Key{"checks", "pointers|all", When::kStart, &settings.checks, "default", Edition::kHardened},
    Key{"quarantine", kNumber, When::kAnyTime, &settings.quarantine, "default", Edition::kHardened},
    Key{"large_quarantine", kNumber, When::kAnyTime, &settings.large_quarantine, "default",
        Edition::kHardened},
    Key{"poison", kNumber, When::kStart, &settings.poison, "default", Edition::kHardened},
    Key{"guard_pages", kSwitch, When::kStart, &settings.guard_pages, "default", Edition::kHardened},
    Key{"check_sizes", kSwitch, When::kAnyTime, &settings.check_sizes, "default", Edition::kHardened},
    Key{"check_forms", kSwitch, When::kAnyTime, &settings.check_forms, "default", Edition::kHardened},
};

constinit bool environment_read = false;

struct Halves {
    std::string_view before;
    std::string_view after;
};

// Splits at the first separator and drops it. (string_view::substr would need the C++ library.)
Halves split(std::string_view text, char separator) {
    const auto at = std::min(text.find(separator), text.size());
    Halves halves{text, text};
    halves.before.remove_suffix(text.size() - at);
    halves.after.remove_prefix(std::min(at + 1, text.size()));
    return halves;
}

bool parse_choice(Choices choices, std::string_view text, std::size_t& value) {
    for (std::size_t number = 0; !choices.empty(); ++number) {
        const auto [name, others] = split(choices, '|');
        if (name == text) {
            value = number;
            return true;
        }
        choices = others;
    }
    return false;
}

std::string_view name_of(Choices choices, std::size_t value) {
    for (; value != 0; --value)
        choices = split(choices, '|').after;
    return split(choices, '|').before;
}

// Parses decimal digits and an optional k, m, g or t for powers of 1024.
bool parse_number(std::string_view text, std::size_t& value) {
    constexpr std::string_view kUnits = "kmgt";
    unsigned shift = 0;
    if (!text.empty()) {
        const auto unit = kUnits.find(static_cast<char>(text.back() | 0x20));
        if (unit != std::string_view::npos) {
            shift = 10 * (static_cast<unsigned>(unit) + 1);
            text.remove_suffix(1);
        }
    }
    if (text.empty()) return false;
    std::size_t result = 0;
    for (const char c : text) {
        if (c < '0' || c > '9') return false;
        if (__builtin_mul_overflow(result, std::size_t{10}, &result) ||
            __builtin_add_overflow(result, static_cast<std::size_t>(c - '0'), &result)) {
            return false;
        }
    }
    if (result > (~std::size_t{0} >> shift)) return false;
    value = result << shift;
    return true;
}

Key* find_key(std::string_view name) {
    auto* const key = std::find_if(keys.begin(), keys.end(), [name](const Key& k) { return k.name == name; });
    return key == keys.end() ? nullptr : key;
}

bool store(const Key& key, std::string_view text) {
    if (key.text != nullptr) return !text.empty() && key.text->set(text);
    std::size_t value = 0;
    const bool good =
        key.choices == kNumber ? parse_number(text, value) : parse_choice(key.choices, text, value);
    if (good) key.value->store(value, std::memory_order_relaxed);
    return good;
}

SetResult set(std::string_view setting, When now) {
    const auto [name, text] = split(setting, ':');
    Key* const key = find_key(name);
    if (key == nullptr) return SetResult::kUnknownKey;
    if (!key->known_here()) return os::kHardened ? SetResult::kNotHardened : SetResult::kOnlyHardened;
    if (now == When::kAnyTime && key->when == When::kStart) return SetResult::kOnlyAtStart;
    if (!store(*key, text)) return SetResult::kBadValue;
    if (now == When::kStart) key->source = kVariable;
    return SetResult::kDone;
}

// Returns Levenshtein's distance. Compares at most the first 31 letters of `a`.
std::size_t distance(std::string_view a, std::string_view b) {
    std::array<std::size_t, 32> row{};
    a.remove_suffix(a.size() - std::min(a.size(), row.size() - 1));
    for (std::size_t i = 0; i <= a.size(); ++i)
        row[i] = i;
    for (const char letter : b) {
        std::size_t diagonal = row[0]++;
        for (std::size_t i = 1; i <= a.size(); ++i) {
            const std::size_t replaced = diagonal + (a[i - 1] == letter ? 0 : 1);
            diagonal = row[i];
            row[i] = std::min({replaced, row[i] + 1, row[i - 1] + 1});
        }
    }
    return row[a.size()];
}

std::string_view nearest_key(std::string_view name) {
    const auto far = [name](const Key& key) {
        return key.known_here() ? distance(name, key.name) : ~std::size_t{0};
    };
    return std::min_element(keys.begin(), keys.end(),
                            [&](const Key& a, const Key& b) { return far(a) < far(b); })
        ->name;
}

// Returns the value if `entry` begins with "ASHLAR_CONF=", otherwise null. Every process runs this. So the
// compared letters are in the code, and touch no page of string functions or constants.
template <std::size_t... kAt>
const char* value_in(const char* entry, std::index_sequence<kAt...> /*letters*/) {
    const bool named = ((entry[kAt] == kVariable[kAt]) && ...);
    return named && entry[kVariable.size()] == '=' ? entry + kVariable.size() + 1 : nullptr;
}

// Returns the value of ASHLAR_CONF, or null if it is not set. getenv is no choice: a constructor that runs
// before the C library's receives the environment only as its argument.
const char* find_variable(const char* const* environment) {
    constexpr auto kLetters = std::make_index_sequence<kVariable.size()>();
    for (; *environment != nullptr; ++environment) {
        if (const char* const value = value_in(*environment, kLetters)) return value;
    }
    return nullptr;
}

// Appends the valid values: "a, b or c".
void say_values(Message& message, const Key& key) {
    Choices choices = key.choices;
    if (key.text != nullptr) {
        message.text("a path of less than 256 bytes");
        return;
    }
    if (choices == kNumber) message.text("a number, with k, m, g or t for bytes");
    for (std::string_view separator; !choices.empty();) {
        const auto [name, others] = split(choices, '|');
        message.text(separator).text(name);
        choices = others;
        separator = choices.find('|') == std::string_view::npos ? " or " : ", ";
    }
}

void complain(std::string_view setting, SetResult result, Say say) {
    const auto name = split(setting, ':').before;
    Message message;
    message.text("ASHLAR_CONF: ");
    if (result == SetResult::kUnknownKey) {
        message.text("unknown key ").quoted(name).text(" ignored; did you mean ");
        message.quoted(nearest_key(name)).text("?");
    } else if (result == SetResult::kOnlyHardened) {
        message.quoted(name).text(" ignored; it is a setting of libashlar-hardened.so");
    } else if (result == SetResult::kNotHardened) {
        message.quoted(name).text(" ignored; libashlar-hardened.so has no profiler, libashlar.so has");
    } else {
        message.text("bad value in ").quoted(setting).text(" ignored; say ");
        say_values(message, *find_key(name));
    }
    say(message);
}

} // namespace

bool TextSetting::set(std::string_view text) {
    if (text.size() >= text_.size()) return false;
    std::copy(text.begin(), text.end(), text_.begin());
    length_ = text.size();
    return true;
}

SetResult change_setting(std::string_view setting) {
    return set(setting, When::kAnyTime);
}

void apply_settings(std::string_view configuration, Say say) {
    while (!configuration.empty()) {
        const auto [setting, others] = split(configuration, ',');
        configuration = others;
        if (setting.empty()) continue;
        const SetResult result = set(setting, When::kStart);
        if (result != SetResult::kDone) complain(setting, result, say);
    }
}

[[gnu::cold]] void read_settings(const char* const* environment) {
    if (environment_read || environment == nullptr) return;
    environment_read = true;
    const char* const configuration = find_variable(environment);
    if (configuration != nullptr && ::getauxval(AT_SECURE) == 0) apply_settings(configuration, warn);
    if (settings.count.load(std::memory_order_relaxed) != 0) count_locks();
}

void print_settings(Say say) {
    for (const Key& key : keys) {
        if (!key.known_here()) continue;
        Message message;
        message.text(key.name).text(":");
        if (key.text != nullptr) {
            message.text(key.text->view());
        } else if (key.choices == kNumber) {
            message.number(key.value->load(std::memory_order_relaxed));
        } else {
            message.text(name_of(key.choices, key.value->load(std::memory_order_relaxed)));
        }
        say(message.text(" (").text(key.source).text(")"));
    }
}

} // namespace ashlar::os
