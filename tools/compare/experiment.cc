// SPDX-License-Identifier: MIT
#include "compare/experiment.h"

namespace ashlar::compare {

std::vector<Contender> contenders(const std::vector<allocators::Allocator>& allocators) {
    std::vector<Contender> result;
    result.reserve(allocators.size() + 1);
    for (const allocators::Allocator& allocator : allocators) {
        result.push_back({.allocator = allocator, .is_control = false});
    }
    Contender control = result.at(kReference);
    control.is_control = true;
    result.push_back(std::move(control));
    return result;
}

} // namespace ashlar::compare
