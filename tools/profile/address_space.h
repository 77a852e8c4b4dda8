// SPDX-License-Identifier: MIT
#pragma once

#include "profile/recording.h"

#include <map>

namespace ashlar::profile {

// The mappings of a process at one moment.
class AddressSpace {
  public:
    void add(const Mapping& mapping) {
        auto place = mappings_.lower_bound(mapping.begin);
        if (place != mappings_.begin() && std::prev(place)->second.end > mapping.begin) {
            --place;
        }
        while (place != mappings_.end() && place->second.begin < mapping.end) {
            place = mappings_.erase(place);
        }
        mappings_.emplace(mapping.begin, mapping);
    }

    Address resolve(std::uint64_t address) const {
        const auto next = mappings_.upper_bound(address);
        if (next != mappings_.begin() && address < std::prev(next)->second.end) {
            const Mapping& mapping = std::prev(next)->second;
            return {.value = address,
                    .offset = address - mapping.begin + mapping.offset,
                    .object = mapping.object};
        }
        return {.value = address};
    }

  private:
    std::map<std::uint64_t, Mapping> mappings_;
};

} // namespace ashlar::profile
