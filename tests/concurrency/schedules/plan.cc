// SPDX-License-Identifier: MIT
#include "plan.h"

#include <charconv>

namespace schedules {

namespace {

bool take_number(std::string_view& text, std::uint32_t& number) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc()) return false;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return true;
}

bool take(std::string_view& text, char expected) {
    if (text.empty() || text.front() != expected) return false;
    text.remove_prefix(1);
    return true;
}

} // namespace

std::string text_of(const std::vector<Turn>& turns) {
    std::string text;
    for (std::size_t i = 0; i < turns.size(); ++i) {
        if (i != 0) text += ',';
        text += std::to_string(turns[i].actor);
        if (i + 1 != turns.size()) text += ':' + std::to_string(turns[i].until);
    }
    return text;
}

std::vector<Turn> turns_of(std::string_view text) {
    std::vector<Turn> turns;
    for (bool last = false; !last;) {
        std::uint32_t actor = 0;
        std::uint32_t until = 0;
        if (!take_number(text, actor) || actor >= kMaxActors) return {};
        last = !take(text, ':');
        if (!last && (!take_number(text, until) || !take(text, ','))) return {};
        turns.push_back({static_cast<std::uint8_t>(actor), until});
    }
    return text.empty() && turns.size() <= Run::kMaxTurns ? turns : std::vector<Turn>{};
}

} // namespace schedules
