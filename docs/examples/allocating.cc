// SPDX-License-Identifier: MIT
// Formats lines of a log. Each + makes a new string that lives until the next one.
//
// usage: allocating
#include <cstddef>
#include <string>

std::string format_line(int number, const std::string& user, const std::string& message) {
    return "[line " + std::to_string(number) + "] " + user + " at /var/lib/service: " + message + "\n";
}

int main() {
    const std::string user = "somebody with a long name";
    const std::string message(300, 'x');
    std::size_t length = 0;
    for (int number = 0; number < 200'000; ++number) {
        length += format_line(number, user, message).size();
    }
    return length == 0 ? 1 : 0;
}
