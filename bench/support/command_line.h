// SPDX-License-Identifier: MIT
// Positional arguments of a benchmark program, with --verify and --help allowed anywhere. Whatever is wrong
// ends the program with one line that names the argument, the usage, and status 2.
#pragma once

#include "support/fail.h"

#include <cctype>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace bench {

class CommandLine {
  public:
    static constexpr int kMaxPositional = 16;

    CommandLine(int count, char** arguments, const char* usage) : usage_(usage) {
        for (int index = 1; index < count; ++index) {
            take(arguments[index]);
        }
    }

    bool verify() const { return verify_; }
    int count() const { return count_; }

    void expect_between(int fewest, int most) const {
        if (count_ < fewest || count_ > most) {
            fail(kBadArguments, "%d arguments given\n%s", count_, usage_);
        }
    }

    std::uint64_t integer(int index, const char* name, std::uint64_t smallest, std::uint64_t largest) const {
        const char* end = nullptr;
        const std::uint64_t value = leading_integer(positional_[index], index, name, smallest, largest, end);
        if (*end != '\0') {
            reject(index, name, "a whole number");
        }
        return value;
    }

    double seconds(int index, const char* name) const {
        char* end = nullptr;
        const double value = std::strtod(positional_[index], &end);
        if (end == positional_[index] || *end != '\0' || !(value > 0 && value <= 1e6)) {
            reject(index, name, "a number of seconds above 0, such as 0.2");
        }
        return value;
    }

    // "64" or "16-1024".
    void range(int index, const char* name, std::uint32_t& smallest, std::uint32_t& largest) const {
        const char* end = nullptr;
        smallest = block_size(positional_[index], index, name, end);
        largest = smallest;
        if (*end == '-') {
            largest = block_size(end + 1, index, name, end);
        }
        if (*end != '\0' || largest < smallest) {
            reject(index, name, "a size such as 64, or a range such as 16-1024");
        }
    }

    [[noreturn]] void reject(int index, const char* name, const char* expected) const {
        fail(kBadArguments, "%s: expected %s, not '%s'\n%s", name, expected, positional_[index], usage_);
    }

    static constexpr std::uint32_t kLargestBlock = std::uint32_t{1} << 30;

  private:
    void take(const char* argument) {
        if (std::strcmp(argument, "--verify") == 0) {
            verify_ = true;
        } else if (std::strcmp(argument, "--help") == 0) {
            std::fputs(usage_, stdout);
            std::fflush(stdout);
            std::_Exit(0);
        } else if (argument[0] == '-' && argument[1] == '-') {
            fail(kBadArguments, "unknown option %s\n%s", argument, usage_);
        } else if (count_ == kMaxPositional) {
            fail(kBadArguments, "too many arguments\n%s", usage_);
        } else {
            positional_[count_++] = argument;
        }
    }

    std::uint32_t block_size(const char* text, int index, const char* name, const char*& end) const {
        return static_cast<std::uint32_t>(leading_integer(text, index, name, 1, kLargestBlock, end));
    }

    std::uint64_t leading_integer(const char* text, int index, const char* name, std::uint64_t smallest,
                                  std::uint64_t largest, const char*& end) const {
        if (std::isdigit(static_cast<unsigned char>(*text)) == 0) { // strtoull would accept a sign
            reject(index, name, "a whole number");
        }
        char* stop = nullptr;
        errno = 0;
        const std::uint64_t value = std::strtoull(text, &stop, 10);
        end = stop;
        if (errno != 0 || value < smallest || value > largest) {
            char expected[96];
            std::snprintf(expected, sizeof expected, "a number from %llu to %llu",
                          static_cast<unsigned long long>(smallest),
                          static_cast<unsigned long long>(largest));
            reject(index, name, expected);
        }
        return value;
    }

    const char* usage_;
    const char* positional_[kMaxPositional] = {};
    int count_ = 0;
    bool verify_ = false;
};

} // namespace bench
