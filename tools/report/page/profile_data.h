// SPDX-License-Identifier: MIT
// The data of a profile page's script, as JSON that is safe inside an HTML document.
#pragma once

#include "report/page/profile_content.h"

#include <string>

namespace ashlar::report::page {

std::string profile_data(const ProfileContent& content);

} // namespace ashlar::report::page
