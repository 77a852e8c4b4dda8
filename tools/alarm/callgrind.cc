// SPDX-License-Identifier: MIT
#include "alarm/callgrind.h"

#include <charconv>
#include <numeric>
#include <stdexcept>
#include <string_view>

namespace ashlar::alarm {

namespace {

// Resolves names. The file has a name once, as "(7) name", and later only "(7)".
class Names {
  public:
    std::string name(std::string_view text) {
        const std::size_t end = text.find(')');
        if (!text.starts_with('(') || end == std::string_view::npos) {
            return std::string(text);
        }
        std::string& known = names_[std::string(text.substr(0, end + 1))];
        if (text.size() > end + 2) {
            known = text.substr(end + 2);
        }
        return known;
    }

  private:
    std::map<std::string, std::string, std::less<>> names_;
};

bool takes(std::string_view& line, std::string_view key) {
    if (!line.starts_with(key)) {
        return false;
    }
    line.remove_prefix(key.size());
    return true;
}

// Returns the first cost of a line such as "+3 17": a position and one count per event.
std::uint64_t cost(std::string_view line) {
    const std::size_t blank = line.find(' ');
    std::uint64_t value = 0;
    if (blank != std::string_view::npos) {
        std::from_chars(line.data() + blank + 1, line.data() + line.size(), value);
    }
    return value;
}

bool is_cost(std::string_view line) {
    return !line.empty() && std::string_view("0123456789+-*").find(line.front()) != std::string_view::npos;
}

} // namespace

Instructions read_callgrind(std::istream& in, const std::function<bool(const std::string&)>& wanted) {
    Instructions result;
    Names objects;
    Names functions;
    std::uint64_t* own = nullptr; // count of the current function; null: not wanted
    bool object_wanted = false;
    bool of_a_call = false; // the next cost is that of a call, callees included
    bool is_callgrind = false;
    for (std::string text; std::getline(in, text);) {
        std::string_view line = text;
        if (is_cost(line)) {
            if (own != nullptr && !of_a_call) {
                *own += cost(line);
            }
            of_a_call = false;
        } else if (takes(line, "ob=")) {
            object_wanted = wanted(objects.name(line));
        } else if (takes(line, "cob=")) {
            objects.name(line);
        } else if (takes(line, "fn=")) {
            const std::string name = functions.name(line);
            own = object_wanted ? &result[name] : nullptr;
        } else if (takes(line, "cfn=")) {
            functions.name(line);
        } else if (takes(line, "calls=")) {
            of_a_call = true;
        } else if (takes(line, "events: ")) {
            is_callgrind = line.starts_with("Ir");
        }
    }
    if (!is_callgrind) {
        throw std::runtime_error("valgrind wrote no counts of instructions");
    }
    return result;
}

std::uint64_t sum(const Instructions& instructions) {
    return std::accumulate(instructions.begin(), instructions.end(), std::uint64_t{0},
                           [](std::uint64_t total, const auto& each) { return total + each.second; });
}

} // namespace ashlar::alarm
