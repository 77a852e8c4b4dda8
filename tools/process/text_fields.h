// SPDX-License-Identifier: MIT
// Words and numbers in the text files of /proc. Each `take` removes what it returns from the front of `text`.
#pragma once

#include <charconv>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

namespace ashlar::process {

inline constexpr std::string_view kBlanks = " \t";

inline std::string_view without_blanks(std::string_view text) {
    const std::size_t begin = text.find_first_not_of(kBlanks);
    return begin == std::string_view::npos ? std::string_view()
                                           : text.substr(begin, text.find_last_not_of(kBlanks) + 1 - begin);
}

// Returns the line without its line break.
inline std::string_view take_line(std::string_view& text) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(line.size() < text.size() ? line.size() + 1 : line.size());
    return line;
}

// Returns an empty word if there is none left.
inline std::string_view take_word(std::string_view& text) {
    const std::size_t begin = text.find_first_not_of(kBlanks);
    if (begin == std::string_view::npos) {
        text = {};
        return {};
    }
    text.remove_prefix(begin);
    const std::string_view word = text.substr(0, text.find_first_of(kBlanks));
    text.remove_prefix(word.size());
    return word;
}

// Returns nothing unless all of the text is a number that fits.
template <typename Number>
std::optional<Number> number(std::string_view text, int base = 10) {
    Number value = 0;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    return error == std::errc() && stop == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

// Returns "  12 kB" in bytes.
inline std::optional<std::uint64_t> kibibytes(std::string_view text) {
    constexpr std::uint64_t kKibibyte = 1024;
    const auto value = number<std::uint64_t>(take_word(text));
    if (!value || take_word(text) != "kB" || *value > std::numeric_limits<std::uint64_t>::max() / kKibibyte) {
        return std::nullopt;
    }
    return *value * kKibibyte;
}

} // namespace ashlar::process
