// SPDX-License-Identifier: MIT
#include "kinds.h"
#include "prepare.h"

namespace misuse {

namespace {

constexpr std::array kKinds{
    Kind{"none", "free of a block that is in use", own_block,
         [](Scene& s) { common::heap::release(s.block); }},
};

} // namespace

constinit const Family kNothingWrong{"Nothing wrong (the control)", kKinds};

} // namespace misuse
