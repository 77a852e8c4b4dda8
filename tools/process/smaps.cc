// SPDX-License-Identifier: MIT
#include "process/smaps.h"

#include "process/text_fields.h"

#include <algorithm>
#include <array>
#include <optional>

namespace ashlar::process {

namespace {

constexpr int kHex = 16;

// "7f0000000000-7f0000021000"
bool parse_range(std::string_view text, Mapping& mapping) {
    const std::size_t dash = text.find('-');
    if (dash == std::string_view::npos) {
        return false;
    }
    const auto begin = number<Address>(text.substr(0, dash), kHex);
    const auto end = number<Address>(text.substr(dash + 1), kHex);
    if (!begin || !end || *begin >= *end) {
        return false;
    }
    mapping.begin = *begin;
    mapping.end = *end;
    return true;
}

// "rwxp"
bool parse_permissions(std::string_view text, Mapping& mapping) {
    constexpr std::size_t kLetters = 4;
    if (text.size() != kLetters) {
        return false;
    }
    mapping.is_readable = text[0] == 'r';
    mapping.is_writable = text[1] == 'w';
    mapping.is_executable = text[2] == 'x';
    mapping.is_shared = text[3] == 's';
    return true;
}

// "begin-end rwxp offset device inode   name"
std::optional<Mapping> parse_first_line(std::string_view line) {
    Mapping mapping;
    if (!parse_range(take_word(line), mapping) || !parse_permissions(take_word(line), mapping)) {
        return std::nullopt;
    }
    const auto offset = number<std::uint64_t>(take_word(line), kHex);
    take_word(line); // the device
    const auto inode = number<std::uint64_t>(take_word(line));
    if (!offset || !inode) {
        return std::nullopt;
    }
    mapping.offset = *offset;
    mapping.inode = *inode;
    mapping.name = without_blanks(line);
    return mapping;
}

struct SizeField {
    std::string_view name;
    std::uint64_t Mapping::*value;
};
constexpr std::array kSizes{
    SizeField{"Rss", &Mapping::rss},
    SizeField{"Anonymous", &Mapping::anonymous},
    SizeField{"LazyFree", &Mapping::lazy_free},
    SizeField{"AnonHugePages", &Mapping::huge},
    SizeField{"Locked", &Mapping::locked},
    SizeField{"Swap", &Mapping::swap},
};

// "Rss:   12 kB"
void parse_field(std::string_view line, Mapping& mapping) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) {
        return;
    }
    const std::string_view name = line.substr(0, colon);
    const std::string_view value = line.substr(colon + 1);
    for (const SizeField& field : kSizes) {
        if (field.name == name) {
            mapping.*field.value = kibibytes(value).value_or(0);
            return;
        }
    }
    if (name == "VmFlags") {
        for (std::string_view rest = value; !rest.empty();) {
            mapping.refuses_huge = take_word(rest) == "nh" || mapping.refuses_huge;
        }
    }
}

} // namespace

std::vector<Mapping> parse_mappings(std::string_view text) {
    std::vector<Mapping> mappings;
    bool is_known = false; // whether the fields belong to the last mapping
    while (!text.empty()) {
        const std::string_view line = take_line(text);
        std::string_view rest = line;
        // The first line of a mapping begins with its addresses, the other lines with a name and a colon.
        if (!take_word(rest).ends_with(':')) {
            auto mapping = parse_first_line(line);
            is_known = mapping.has_value();
            if (mapping) {
                mappings.push_back(std::move(*mapping));
            }
        } else if (is_known) {
            parse_field(line, mappings.back());
        }
    }
    return mappings;
}

const Mapping* mapping_at(const std::vector<Mapping>& mappings, Address address) {
    const auto after =
        std::upper_bound(mappings.begin(), mappings.end(), address,
                         [](Address wanted, const Mapping& mapping) { return wanted < mapping.begin; });
    if (after == mappings.begin()) {
        return nullptr;
    }
    const Mapping& candidate = *(after - 1);
    return address < candidate.end ? &candidate : nullptr;
}

} // namespace ashlar::process
