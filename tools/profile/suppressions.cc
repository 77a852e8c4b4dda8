// SPDX-License-Identifier: MIT
#include "profile/suppressions.h"

#include "machine/files.h"

#include <algorithm>
#include <fmt/format.h>
#include <stdexcept>

namespace ashlar::profile {

namespace {

// Returns whether the pattern matches the whole name. Only `*` is special.
bool describes(std::string_view pattern, std::string_view name) {
    // The last star takes as little text as possible, and one character more each time the rest does not fit.
    std::size_t place = 0;
    std::size_t next = 0;
    std::size_t star = std::string_view::npos;
    std::size_t taken = 0;
    while (place < name.size()) {
        if (next < pattern.size() && pattern[next] == '*') {
            star = next++;
            taken = place;
        } else if (next < pattern.size() && pattern[next] == name[place]) {
            ++next;
            ++place;
        } else if (star != std::string_view::npos) {
            next = star + 1;
            place = ++taken;
        } else {
            return false;
        }
    }
    return pattern.find_first_not_of('*', next) == std::string_view::npos;
}

// Returns whether the block is a buffer of a standard stream, or libstdc++'s reserve for exceptions. The
// initialiser of libstdc++ allocates that reserve.
bool is_kept_by_libraries(const NamedStack& stack, const Frames& frames) {
    const auto buffer = [&](std::uint32_t index) {
        return exported_name(frames[index].function) == "_IO_file_doallocate";
    };
    const auto loader = [&](std::uint32_t index) { return frames[index].object.starts_with("ld-linux"); };
    const auto initialised = std::find_if(stack.begin(), stack.end(), loader);
    const bool by_initialiser =
        initialised != stack.end() && std::all_of(stack.begin(), initialised, [&](std::uint32_t index) {
            return frames[index].object.starts_with("libstdc++.so");
        });
    return by_initialiser || std::any_of(stack.begin(), stack.end(), buffer);
}

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view kBlank = " \t\r";
    const std::size_t begin = text.find_first_not_of(kBlank);
    return begin == std::string_view::npos ? ""
                                           : text.substr(begin, text.find_last_not_of(kBlank) - begin + 1);
}

} // namespace

Suppressions::Suppressions(std::string_view text) {
    constexpr std::string_view kKind = "leak:";
    for (int number = 1; !text.empty(); ++number) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        const std::string_view line = trimmed(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
        if (line.empty() || line.front() == '#') {
            continue;
        }
        if (line.find(':') == std::string_view::npos || line == kKind) {
            throw std::invalid_argument(
                fmt::format("line {}: \"{}\" is no suppression; write leak:FUNCTION", number, line));
        }
        if (!line.starts_with(kKind)) {
            continue;
        }
        // Turns it into a pattern of the whole name, with stars at open ends.
        std::string pattern(trimmed(line.substr(kKind.size())));
        pattern.starts_with('^') ? pattern.erase(0, 1) : pattern.insert(0, 1, '*');
        pattern.ends_with('$') ? pattern.pop_back() : pattern.push_back('*');
        patterns_.push_back(std::move(pattern));
    }
}

bool Suppressions::match(const NamedStack& stack, const Frames& frames) const {
    const auto matches = [&](const std::string& name) {
        return !name.empty() &&
               std::any_of(patterns_.begin(), patterns_.end(),
                           [&](const std::string& pattern) { return describes(pattern, name); });
    };
    return is_kept_by_libraries(stack, frames) ||
           std::any_of(stack.begin(), stack.end(), [&](std::uint32_t index) {
               const Frame& frame = frames[index];
               return matches(frame.function) || matches(frame.file) || matches(frame.object);
           });
}

Suppressions read_suppressions(const std::filesystem::path& file) {
    const auto text = machine::read_file(file);
    if (!text) {
        throw std::invalid_argument(fmt::format("--suppressions: cannot read {}", file.string()));
    }
    try {
        return Suppressions(*text);
    } catch (const std::invalid_argument& error) {
        throw std::invalid_argument(fmt::format("--suppressions: {}, {}", file.string(), error.what()));
    }
}

} // namespace ashlar::profile
