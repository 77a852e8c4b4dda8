// SPDX-License-Identifier: MIT
#include "machine/nearest_word.h"

#include <algorithm>
#include <cstddef>

namespace ashlar::machine {

namespace {

// Edits that turn one into the other; neighbours that are swapped are one edit.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::vector<std::size_t>> edits(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
    for (std::size_t i = 0; i <= a.size(); ++i) {
        for (std::size_t j = 0; j <= b.size(); ++j) {
            if (i == 0 || j == 0) {
                edits[i][j] = i + j;
                continue;
            }
            const std::size_t wrong = a[i - 1] == b[j - 1] ? 0 : 1;
            edits[i][j] = std::min({edits[i - 1][j] + 1, edits[i][j - 1] + 1, edits[i - 1][j - 1] + wrong});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                edits[i][j] = std::min(edits[i][j], edits[i - 2][j - 2] + 1);
            }
        }
    }
    return edits[a.size()][b.size()];
}

std::string_view without_dashes(std::string_view word) {
    word.remove_prefix(std::min(word.find_first_not_of('-'), word.size()));
    return word;
}

// The mistakes by which a word is another one, or more than any near one has.
std::size_t mistakes(std::string_view word, std::string_view candidate) {
    constexpr std::size_t kShortestBeginning = 3;
    constexpr std::size_t kFar = 1'000;
    const std::size_t shorter = std::min(word.size(), candidate.size());
    if (shorter >= kShortestBeginning && (candidate.starts_with(word) || word.starts_with(candidate))) {
        return 1;
    }
    constexpr std::size_t kLongest = 64; // nobody mistypes more than that
    const std::size_t most = std::max<std::size_t>(1, candidate.size() / 3);
    const std::size_t found = word.size() > kLongest ? kFar : distance(word, candidate);
    return shorter > 1 && found <= most ? found : kFar;
}

} // namespace

std::string nearest_word(std::string_view word, const std::vector<std::string>& candidates) {
    std::string nearest;
    std::size_t fewest = 1'000;
    for (const std::string& candidate : candidates) {
        const std::size_t found = mistakes(without_dashes(word), without_dashes(candidate));
        if (found < fewest) {
            fewest = found;
            nearest = candidate;
        }
    }
    return nearest;
}

std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates) {
    const std::string nearest = nearest_word(word, candidates);
    return nearest.empty() ? "" : "; did you mean " + nearest + "?";
}

} // namespace ashlar::machine
