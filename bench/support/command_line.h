// SPDX-License-Identifier: MIT
// Positional arguments of a benchmark program, with --verify, --help and the program's own options anywhere
// among them. A mistake ends the program with a line that names the argument, the usage, and status 2.
#pragma once

#include "support/fail.h"
#include "support/random.h"

#include <cctype>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <span>
#include <type_traits>

namespace bench {

// An option with a value, or a switch.
struct Option {
    const char* name;            // such as "--csv"
    const char* value = nullptr; // null if it was not given; for a switch its name
    bool is_switch = false;
};

class CommandLine {
  public:
    static constexpr int kMaxPositional = 16;

    // Stores values in `options`. The functions below read them.
    CommandLine(int count, char** arguments, const char* usage, std::span<Option> options = {})
        : usage_(usage) {
        for (int index = 1; index < count; ++index) {
            Option* const option = find(options, arguments[index]);
            if (option == nullptr) {
                take(arguments[index]);
            } else if (option->is_switch) {
                option->value = option->name;
            } else if (++index < count) {
                option->value = arguments[index];
            } else {
                fail(kBadArguments, "%s: expected a value after it\n%s", option->name, usage_);
            }
        }
    }

    bool verify() const { return verify_; }
    int count() const { return count_; }

    void expect_between(int fewest, int most) const {
        if (count_ < fewest || count_ > most) {
            fail(kBadArguments, "%d arguments given\n%s", count_, usage_);
        }
    }

    template <typename Number = std::uint64_t>
    Number integer(int index, const char* name, std::uint64_t smallest,
                   std::type_identity_t<Number> largest) const {
        return static_cast<Number>(integer(positional_[index], name, smallest, std::uint64_t{largest}));
    }

    // Returns the value of an argument that may be omitted.
    template <typename Number>
    Number integer_or(Number otherwise, int index, const char* name, std::uint64_t smallest,
                      std::type_identity_t<Number> largest) const {
        return index < count_ ? integer<Number>(index, name, smallest, largest) : otherwise;
    }

    const char* text(int index) const { return positional_[index]; }

    std::uint64_t integer_or(std::uint64_t otherwise, const Option& option, std::uint64_t smallest,
                             std::uint64_t largest) const {
        return option.value == nullptr ? otherwise : integer(option.value, option.name, smallest, largest);
    }

    double seconds(int index, const char* name) const {
        const double value = number(positional_[index]);
        if (!(value > 0 && value <= kMostSeconds)) {
            reject(positional_[index], name, "a number of seconds above 0, such as 0.2");
        }
        return value;
    }

    // Allows 0 as well.
    double seconds_or(double otherwise, const Option& option) const {
        const double value = option.value == nullptr ? otherwise : number(option.value);
        if (!(value >= 0 && value <= kMostSeconds)) {
            reject(option.value, option.name, "a number of seconds, such as 0.2");
        }
        return value;
    }

    // Returns the bytes of a block, from "64", "4k" or "5m".
    std::uint32_t size(int index, const char* name) const {
        const char* end = nullptr;
        const char* const text = positional_[index];
        const std::uint32_t value = block_size(text, text, name, end);
        if (*end != '\0') {
            reject(text, name, "a size such as 64 or 4k");
        }
        return value;
    }

    // Returns one size, or the range between two with a dash, such as "16-1k".
    SizeRange range(int index, const char* name) const {
        const char* end = nullptr;
        const char* const text = positional_[index];
        const std::uint32_t smallest = block_size(text, text, name, end);
        std::uint32_t largest = smallest;
        if (*end == '-') {
            largest = block_size(end + 1, text, name, end);
        }
        if (*end != '\0' || largest < smallest) {
            reject(text, name, "a size such as 64 or 4k, or a range such as 16-1k");
        }
        return {smallest, largest};
    }

    [[noreturn]] void reject(int index, const char* name, const char* expected) const {
        reject(positional_[index], name, expected);
    }

    static constexpr std::uint32_t kLargestBlock = std::uint32_t{1} << 30;

  private:
    static constexpr double kMostSeconds = 1e6;

    static Option* find(std::span<Option> options, const char* argument) {
        for (Option& option : options) {
            if (std::strcmp(argument, option.name) == 0) {
                return &option;
            }
        }
        return nullptr;
    }

    [[noreturn]] void reject(const char* text, const char* name, const char* expected) const {
        fail(kBadArguments, "%s: expected %s, not '%s'\n%s", name, expected, text, usage_);
    }

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

    std::uint64_t integer(const char* text, const char* name, std::uint64_t smallest,
                          std::uint64_t largest) const {
        const char* end = nullptr;
        const std::uint64_t value = leading_integer(text, text, name, smallest, largest, end);
        if (*end != '\0') {
            reject(text, name, "a whole number");
        }
        return value;
    }

    // Returns NaN if `text` is not a number.
    static double number(const char* text) {
        char* end = nullptr;
        const double value = std::strtod(text, &end);
        return end != text && *end == '\0' ? value : std::numeric_limits<double>::quiet_NaN();
    }

    std::uint32_t block_size(const char* text, const char* whole, const char* name, const char*& end) const {
        std::uint64_t value = leading_integer(text, whole, name, 1, kLargestBlock, end);
        if (*end == 'k' || *end == 'm') {
            value <<= *end == 'k' ? 10 : 20;
            ++end;
        }
        if (value > kLargestBlock) {
            reject(whole, name, "sizes of at most 1024m");
        }
        return static_cast<std::uint32_t>(value);
    }

    // Reads a number at the start of `text`, which is a part of the argument `whole`.
    std::uint64_t leading_integer(const char* text, const char* whole, const char* name,
                                  std::uint64_t smallest, std::uint64_t largest, const char*& end) const {
        if (std::isdigit(static_cast<unsigned char>(*text)) == 0) { // strtoull would accept a sign
            reject(whole, name, "a whole number");
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
            reject(whole, name, expected);
        }
        return value;
    }

    const char* usage_;
    const char* positional_[kMaxPositional] = {};
    int count_ = 0;
    bool verify_ = false;
};

} // namespace bench
