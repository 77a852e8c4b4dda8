// SPDX-License-Identifier: MIT
#include "report/slots.h"

#include "report/chart/svg.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <optional>
#include <string_view>

namespace ashlar::report {

namespace {

// Slots 1 to 8 in this order. Allocators that are seldom compared share the last ones.
constexpr std::array<std::string_view, 8> kKnown{"ashlar",    "jemalloc", "mimalloc",        "tcmalloc",
                                                 "tbbmalloc", "scudo",    "ashlar-hardened", "one-arena"};
constexpr std::size_t kCoded = chart::kSlots - 1; // all but System's

std::string lower(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char each) { return static_cast<char>(std::tolower(each)); });
    return text;
}

std::optional<std::size_t> known_slot(const std::string& name) {
    if (name == "system") {
        return 0;
    }
    const auto* const found = std::find(kKnown.begin(), kKnown.end(), name);
    return found == kKnown.end() ? std::nullopt
                                 : std::optional(1 + static_cast<std::size_t>(found - kKnown.begin()));
}

// FNV-1a: the same on every machine and in every version.
std::size_t slot_by_letters(const std::string& name) {
    std::uint32_t hash = 2'166'136'261U;
    for (const char letter : name) {
        const auto each = static_cast<unsigned char>(letter);
        hash = (hash ^ each) * 16'777'619U;
    }
    return 1 + hash % kCoded;
}

} // namespace

std::vector<std::size_t> slots_of(const std::vector<std::string>& names) {
    std::vector<std::size_t> slots(names.size());
    std::array<bool, chart::kSlots> taken{};
    for (std::size_t index = 0; index < names.size(); ++index) {
        if (const auto slot = known_slot(lower(names[index]))) {
            slots[index] = *slot;
            taken.at(*slot) = true;
        }
    }
    for (std::size_t index = 0; index < names.size(); ++index) {
        if (known_slot(lower(names[index]))) {
            continue;
        }
        std::size_t slot = slot_by_letters(lower(names[index]));
        for (std::size_t tries = 0; taken.at(slot) && tries < kCoded; ++tries) {
            slot = 1 + slot % kCoded;
        }
        slots[index] = slot;
        taken.at(slot) = true;
    }
    return slots;
}

} // namespace ashlar::report
