// SPDX-License-Identifier: MIT
#include "report/printable.h"

#include <algorithm>

namespace ashlar::report {

std::string printable(std::string text) {
    std::replace_if(
        text.begin(), text.end(), [](unsigned char each) { return each < ' ' || each == 0x7f; }, ' ');
    return text;
}

} // namespace ashlar::report
