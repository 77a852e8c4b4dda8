// SPDX-License-Identifier: MIT
#include "symbols/jit_map.h"

#include "machine/files.h"

#include <charconv>
#include <sys/stat.h>

namespace ashlar::symbols {

namespace {

// Takes a hexadecimal number and the space behind it from the front of `line`.
std::optional<std::uint64_t> take_number(std::string_view& line) {
    std::uint64_t value = 0;
    const auto [stop, error] = std::from_chars(line.data(), line.data() + line.size(), value, 16);
    const auto length = static_cast<std::size_t>(stop - line.data());
    if (error != std::errc() || length == line.size() || *stop != ' ') {
        return std::nullopt;
    }
    line.remove_prefix(length + 1);
    return value;
}

} // namespace

JitMap::JitMap(std::string_view text) {
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        const auto begin = take_number(line);
        const auto length = begin ? take_number(line) : std::nullopt;
        if (length && !line.empty() && *begin + *length > *begin) {
            functions_.insert_or_assign(*begin, Function{.end = *begin + *length, .name = std::string(line)});
        }
    }
}

std::optional<std::string> JitMap::function_at(std::uint64_t address) const {
    auto next = functions_.upper_bound(address);
    if (next == functions_.begin()) {
        return std::nullopt;
    }
    --next;
    return address < next->second.end ? std::optional(next->second.name) : std::nullopt;
}

JitMap read_jit_map(const std::string& root, std::uint32_t process, std::int64_t start) {
    const std::string path = root + "/tmp/perf-" + std::to_string(process) + ".map";
    struct stat facts {};
    if (stat(path.c_str(), &facts) != 0 || !S_ISREG(facts.st_mode) || facts.st_mtim.tv_sec < start) {
        return {};
    }
    return JitMap(machine::read_file(path).value_or(""));
}

} // namespace ashlar::symbols
