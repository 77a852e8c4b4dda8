// SPDX-License-Identifier: MIT
#include "process/status.h"

#include "process/text_fields.h"

#include <algorithm>
#include <array>

namespace ashlar::process {

namespace {

// "Uid: real effective saved filesystem"
template <typename Identity>
bool parse_identities(std::string_view value, Identity& real, bool& changed) {
    constexpr std::size_t kIdentities = 4;
    std::array<Identity, kIdentities> all{};
    for (Identity& each : all) {
        const auto parsed = number<Identity>(take_word(value));
        if (!parsed) {
            return false;
        }
        each = *parsed;
    }
    real = all[0];
    changed = changed || all[1] != all[0] || all[2] != all[0];
    return true;
}

struct SizeField {
    std::string_view name;
    std::uint64_t Status::*value;
};
constexpr std::array kSizes{
    SizeField{"VmRSS", &Status::rss},
    SizeField{"VmHWM", &Status::rss_peak},
    SizeField{"RssAnon", &Status::rss_anonymous},
    SizeField{"RssFile", &Status::rss_file},
    SizeField{"RssShmem", &Status::rss_shared},
    SizeField{"VmSwap", &Status::swap},
};

void parse_size(std::string_view name, std::string_view value, Status& status) {
    const auto field =
        std::find_if(kSizes.begin(), kSizes.end(), [&](const SizeField& each) { return each.name == name; });
    if (field == kSizes.end()) {
        return;
    }
    status.*field->value = kibibytes(value).value_or(0);
    status.has_memory = status.has_memory || name == "VmRSS";
}

// Skips to a field of /proc/PID/stat. The second field, the name, may hold blanks and brackets.
bool skip_to_field(std::string_view& text, int field) {
    const std::size_t bracket = text.rfind(')');
    if (bracket == std::string_view::npos) {
        return false;
    }
    text.remove_prefix(bracket + 1);
    for (int next = 3; next < field; ++next) {
        take_word(text);
    }
    return true;
}

} // namespace

std::optional<Status> parse_status(std::string_view text) {
    Status status;
    bool has_user = false;
    bool has_group = false;
    constexpr int kHex = 16;
    while (!text.empty()) {
        const std::string_view line = take_line(text);
        const std::size_t colon = line.find(':');
        if (colon == std::string_view::npos) {
            continue;
        }
        const std::string_view name = line.substr(0, colon);
        const std::string_view value = without_blanks(line.substr(colon + 1));
        if (name == "Name") {
            status.name = value;
        } else if (name == "State") {
            status.state = value.empty() ? '?' : value.front();
        } else if (name == "Uid") {
            has_user = parse_identities(value, status.user, status.changed_identity);
        } else if (name == "Gid") {
            has_group = parse_identities(value, status.group, status.changed_identity);
        } else if (name == "CapPrm") {
            status.permitted_capabilities = number<std::uint64_t>(value, kHex).value_or(0);
        } else if (name == "Threads") {
            status.threads = number<std::uint64_t>(value).value_or(0);
        } else {
            parse_size(name, value, status);
        }
    }
    return has_user && has_group ? std::optional(status) : std::nullopt;
}

std::optional<std::uint64_t> parse_start_time(std::string_view text) {
    constexpr int kField = 22;
    return skip_to_field(text, kField) ? number<std::uint64_t>(take_word(text)) : std::nullopt;
}

std::optional<std::uint64_t> parse_processor_time(std::string_view text) {
    constexpr int kField = 14; // utime; the next field is stime
    if (!skip_to_field(text, kField)) {
        return std::nullopt;
    }
    const auto own = number<std::uint64_t>(take_word(text));
    const auto of_kernel = number<std::uint64_t>(take_word(text));
    return own && of_kernel ? std::optional(*own + *of_kernel) : std::nullopt;
}

} // namespace ashlar::process
