// SPDX-License-Identifier: MIT
// What the script of a profile's page works on, as JSON that can stand in an HTML document.
#pragma once

#include "report/page/profile_content.h"

#include <string>

namespace ashlar::report::page {

std::string profile_data(const ProfileContent& content);

} // namespace ashlar::report::page
