// SPDX-License-Identifier: MIT
#include "profile/heap_v2_file.h"

#include "profile/address_space.h"

#include <charconv>
#include <cmath>
#include <fmt/format.h>
#include <map>
#include <optional>
#include <stdexcept>

namespace ashlar::profile {

namespace {

std::string_view take_line(std::string_view& text) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return line;
}

// Takes leading blanks and a number from the front of `text`. Returns nothing if there is no number.
std::optional<std::uint64_t> take_number(std::string_view& text, int base) {
    const std::size_t blanks = std::min(text.find_first_not_of(' '), text.size());
    text.remove_prefix(blanks);
    if (base == 16 && text.starts_with("0x")) {
        text.remove_prefix(2);
    }
    std::uint64_t value = 0;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    if (error != std::errc()) {
        return std::nullopt;
    }
    text.remove_prefix(static_cast<std::size_t>(stop - text.data()));
    return value;
}

bool take(std::string_view& text, std::string_view wanted) {
    const bool is_there = text.starts_with(wanted);
    text.remove_prefix(is_there ? wanted.size() : 0);
    return is_there;
}

class Parser {
  public:
    explicit Parser(std::string_view text) : text_(text) {}

    Recording parse() {
        std::string_view head = take_line(text_);
        const bool is_one = take(head, kHeapV2);
        const auto rate = is_one ? take_number(head, 10) : std::nullopt;
        if (!rate || *rate == 0) {
            fail("begins with no heap_v2/RATE");
        }
        recording_.origin = Origin::kJemalloc;
        recording_.rate = *rate;
        recording_.longest_distance = *rate;
        recording_.state = profile_format::State::kStopped;
        while (!text_.empty() && !in_mappings_) {
            take_entry(take_line(text_));
        }
        while (!text_.empty()) {
            take_mapping(take_line(text_));
        }
        for (Stack& stack : recording_.stacks) {
            for (Address& address : stack) {
                address = space_.resolve(address.value);
            }
        }
        if (!recording_.objects.empty()) {
            recording_.program = recording_.objects.front().path;
        }
        return std::move(recording_);
    }

  private:
    [[noreturn]] void fail(std::string_view why) const {
        throw std::runtime_error(fmt::format("line {} {}", line_, why));
    }

    void take_entry(std::string_view line) {
        ++line_;
        if (line == "MAPPED_LIBRARIES:") {
            in_mappings_ = true;
        } else if (take(line, "@")) {
            recording_.stacks.emplace_back();
            while (const auto address = take_number(line, 16)) {
                recording_.stacks.back().push_back({.value = *address});
            }
        } else if (take(line, "  t*:") && recording_.stacks.size() > 1) { // else the sum of all
            const auto blocks = take_number(line, 10);
            const auto bytes = blocks && take(line, ":") ? take_number(line, 10) : std::nullopt;
            if (!bytes) {
                fail("has no BLOCKS: BYTES");
            }
            add_samples(*blocks, *bytes);
        }
    }

    // Adds samples to the last stack. The file gives only the mean of their sizes.
    void add_samples(std::uint64_t blocks, std::uint64_t bytes) {
        constexpr std::uint64_t kMost = 10'000'000; // no profile has more samples; the file is damaged
        if (blocks > kMost) {
            fail("has more blocks than a profile can");
        }
        for (std::uint64_t block = 0; block < blocks; ++block) {
            const double size = static_cast<double>(bytes) / static_cast<double>(blocks);
            const double probability = 1 - std::exp(-size / static_cast<double>(recording_.rate));
            const double stands_for = probability > 0 ? 1 / probability : 1;
            recording_.samples.push_back({.time = 0,
                                          .size = static_cast<std::uint64_t>(size),
                                          .bytes = size * stands_for,
                                          .blocks = stands_for,
                                          .allocated = 0,
                                          .stack = static_cast<std::uint32_t>(recording_.stacks.size() - 1),
                                          .thread = 0,
                                          .distance = recording_.rate,
                                          .freed = {}});
        }
    }

    // "55d0c0a00000-55d0c0a01000 r-xp 00001000 08:01 1234   /usr/bin/program"
    void take_mapping(std::string_view line) {
        const std::string_view whole = line;
        const std::size_t path = line.find('/');
        const std::uint64_t begin = take_number(line, 16).value_or(0);
        const std::uint64_t end = take(line, "-") ? take_number(line, 16).value_or(0) : 0;
        constexpr std::size_t kPermissions = 5; // with the blank before them
        if (end <= begin || line.size() < kPermissions || path == std::string_view::npos) {
            return;
        }
        const std::string_view name = whole.substr(path);
        const bool is_code = line[3] == 'x';
        line.remove_prefix(kPermissions);
        const auto offset = take_number(line, 16);
        if (!is_code || !offset) {
            return;
        }
        LoadedObject object{.path = std::string(name), .build_id = {}};
        const auto [place, is_new] =
            objects_.try_emplace(std::move(object), static_cast<std::uint32_t>(recording_.objects.size()));
        if (is_new) {
            recording_.objects.push_back(place->first);
        }
        recording_.mappings.push_back(
            {.begin = begin, .end = end, .offset = *offset, .object = place->second});
        space_.add(recording_.mappings.back());
    }

    std::string_view text_;
    int line_ = 1;
    bool in_mappings_ = false;
    Recording recording_;
    AddressSpace space_;
    std::map<LoadedObject, std::uint32_t> objects_;
};

} // namespace

Recording parse_heap_v2(std::string_view text) {
    return Parser(text).parse();
}

} // namespace ashlar::profile
