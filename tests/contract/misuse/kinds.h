// SPDX-License-Identifier: MIT
//
// All kinds of misuse that the generator knows, by family. The command line and the tables use a kind's name.
#pragma once

#include "scene.h"

#include <array>
#include <cstring>
#include <span>

namespace misuse {

struct Family {
    const char* title;
    std::span<const Kind> kinds;
};

extern const Family kNothingWrong; // control without misuse
extern const Family kDoubleReleases;
extern const Family kBadPointers;
extern const Family kWrongForms;
extern const Family kStrayWrites;
extern const Family kStrayReads;

inline constexpr std::array<const Family*, 6> kFamilies{&kNothingWrong, &kDoubleReleases, &kBadPointers,
                                                        &kWrongForms,   &kStrayWrites,    &kStrayReads};

template <typename Visit>
void for_each_kind(Visit visit) {
    for (const Family* const family : kFamilies)
        for (const Kind& kind : family->kinds)
            visit(*family, kind);
}

} // namespace misuse
