// SPDX-License-Identifier: MIT
#include "diagnose/preload_list.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <stdexcept>

namespace ashlar::diagnose {

namespace {

constexpr std::string_view kSeparators = " :";

bool same_file(const std::string& left, const std::string& right) {
    std::error_code error;
    return left == right || std::filesystem::equivalent(left, right, error);
}

} // namespace

std::vector<std::string> preload_entries(std::string_view value) {
    std::vector<std::string> entries;
    while (true) {
        const auto begin = value.find_first_not_of(kSeparators);
        if (begin == std::string_view::npos) {
            return entries;
        }
        const auto end = std::min(value.find_first_of(kSeparators, begin), value.size());
        entries.emplace_back(value.substr(begin, end - begin));
        value.remove_prefix(end);
    }
}

bool is_sanitizer(std::string_view entry) {
    const std::string_view name = entry.substr(entry.rfind('/') + 1);
    constexpr std::array<std::string_view, 6> kRuntimes{"libasan",   "libtsan",  "liblsan",
                                                        "libhwasan", "libubsan", "libclang_rt."};
    return std::any_of(kRuntimes.begin(), kRuntimes.end(),
                       [&](std::string_view runtime) { return name.starts_with(runtime); });
}

std::string preload_with(const std::string& library, std::string_view value) {
    if (library.find_first_of(kSeparators) != std::string::npos) {
        throw std::invalid_argument(
            "'" + library +
            "': LD_PRELOAD knows no way to name a path with a blank or a colon in it; "
            "copy the library to another folder and name it with --library");
    }
    std::vector<std::string> entries = preload_entries(value);
    entries.erase(std::remove_if(entries.begin(), entries.end(),
                                 [&](const std::string& entry) { return same_file(entry, library); }),
                  entries.end());
    const auto first_other = std::find_if_not(entries.begin(), entries.end(), is_sanitizer);
    entries.insert(first_other, library);
    std::string result;
    for (const std::string& entry : entries) {
        result += (result.empty() ? "" : ":") + entry;
    }
    return result;
}

} // namespace ashlar::diagnose
