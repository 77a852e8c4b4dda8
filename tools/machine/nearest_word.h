// SPDX-License-Identifier: MIT
// "Did you mean": of the words that there are, the one that was probably meant.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ashlar::machine {

// The candidate with the fewest mistakes: letters that are missing, extra, wrong, or swapped with their
// neighbour. At most a third of the letters may be wrong. A word and its beginning are near, too: "iter" and
// "iterations". Empty if none is near.
std::string nearest_word(std::string_view word, const std::vector<std::string>& candidates);

// "; did you mean larson?", or nothing if no candidate is near.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates);

} // namespace ashlar::machine
