// SPDX-License-Identifier: MIT
#include "process/stacks.h"

#include "process/text_fields.h"

#include <map>
#include <string>

namespace ashlar::process {

namespace {

// Longest guard of a stack, in bytes. pthread_create makes guards of one page by default, and runtimes ask
// for some dozens. The inaccessible memory before an arena of the C library's malloc is tens of MiB long.
constexpr std::uint64_t kLongestGuard = std::uint64_t{1} << 20;

bool may_be_stack(const Mapping& mapping) {
    return mapping.is_readable && mapping.is_writable && !mapping.is_shared && !mapping.has_file() &&
           (mapping.name.empty() || mapping.name.starts_with("[anon:stack"));
}

bool is_guard(const Mapping& mapping) {
    return !mapping.is_accessible() && !mapping.has_file() && mapping.size() <= kLongestGuard;
}

} // namespace

Address parse_stack_pointer(std::string_view text) {
    // "number argument*6 stack_pointer program_counter", "-1 stack_pointer program_counter" or "running"
    std::string_view line = take_line(text);
    std::string_view before_last;
    std::string_view last;
    for (std::string_view word = take_word(line); !word.empty(); word = take_word(line)) {
        before_last = last;
        last = word;
    }
    constexpr std::string_view kPrefix = "0x";
    constexpr int kHex = 16;
    return before_last.starts_with(kPrefix)
               ? number<Address>(before_last.substr(kPrefix.size()), kHex).value_or(0)
               : 0;
}

std::vector<Address> stack_pointers(const Files& process) {
    std::vector<Address> found;
    for (const pid_t thread : process.threads()) {
        const auto text = process.read(("task/" + std::to_string(thread) + "/syscall").c_str());
        if (!text) {
            continue;
        }
        if (const Address pointer = parse_stack_pointer(*text); pointer != 0) {
            found.push_back(pointer);
        }
    }
    return found;
}

std::vector<bool> find_stacks(const std::vector<Mapping>& mappings, const std::vector<Address>& pointers) {
    std::map<const Mapping*, unsigned> pointers_in;
    for (const Address pointer : pointers) {
        ++pointers_in[mapping_at(mappings, pointer)];
    }
    std::vector<bool> stacks(mappings.size());
    const Mapping* before = nullptr;
    for (std::size_t index = 0; index < mappings.size(); ++index) {
        const Mapping& mapping = mappings[index];
        const bool follows_guard = before != nullptr && before->end == mapping.begin && is_guard(*before);
        const auto found = pointers_in.find(&mapping);
        const bool holds_pointer = found != pointers_in.end() && found->second == 1;
        stacks[index] =
            mapping.name == "[stack]" || (may_be_stack(mapping) && (follows_guard || holds_pointer));
        before = &mapping;
    }
    return stacks;
}

} // namespace ashlar::process
