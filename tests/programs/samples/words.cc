// SPDX-License-Identifier: MIT
// Counts the words of its input with as much of the standard library as is reasonable. Something for
// compilers to chew on.
#include <algorithm>
#include <cctype>
#include <future>
#include <iomanip>
#include <iostream>
#include <iterator>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

namespace {

struct Number {
    long value;
};
struct Word {
    std::string text;
};
using Token = std::variant<Number, Word>;

bool starts_word(char c) {
    return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_';
}

bool is_digit(char c) {
    return std::isdigit(static_cast<unsigned char>(c)) != 0;
}

bool continues_word(char c) {
    return starts_word(c) || is_digit(c);
}

std::vector<Token> tokens_of(std::string_view text) {
    std::vector<Token> result;
    while (!text.empty()) {
        const bool number = is_digit(text.front());
        if (!number && !starts_word(text.front())) {
            text.remove_prefix(1);
            continue;
        }
        const auto end = std::find_if_not(text.begin(), text.end(), number ? is_digit : continues_word);
        const std::string token(text.begin(), end);
        if (number)
            result.emplace_back(Number{std::stol(token)});
        else
            result.emplace_back(Word{token});
        text.remove_prefix(token.size());
    }
    return result;
}

template <class Key>
class Counter {
  public:
    void add(const Key& key) { ++counts_[key]; }
    void merge(const Counter& other) {
        for (const auto& [key, count] : other.counts_)
            counts_[key] += count;
    }
    std::vector<std::pair<Key, std::size_t>> most_frequent(std::size_t number) const {
        std::vector<std::pair<Key, std::size_t>> all(counts_.begin(), counts_.end());
        std::sort(all.begin(), all.end(), [](const auto& left, const auto& right) {
            return std::tie(right.second, left.first) < std::tie(left.second, right.first);
        });
        all.resize(std::min(number, all.size()));
        return all;
    }

  private:
    std::unordered_map<Key, std::size_t> counts_;
};

struct Tally {
    Counter<std::string> words;
    std::set<long> numbers;
};

Tally tally_of(const std::vector<Token>& tokens) {
    Tally tally;
    for (const Token& token : tokens)
        std::visit(
            [&tally](const auto& value) {
                using Type = std::decay_t<decltype(value)>;
                if constexpr (std::is_same_v<Type, Number>)
                    tally.numbers.insert(value.value);
                else
                    tally.words.add(value.text);
            },
            token);
    return tally;
}

std::optional<long> largest(const std::set<long>& numbers) {
    if (numbers.empty()) return std::nullopt;
    return *numbers.rbegin();
}

} // namespace

int main() {
    std::vector<std::string> lines;
    for (std::string line; std::getline(std::cin, line);)
        lines.push_back(line);
    std::vector<std::future<Tally>> parts;
    for (const std::size_t start : {std::size_t{0}, lines.size() / 2}) {
        const std::size_t end = start == 0 ? lines.size() / 2 : lines.size();
        parts.push_back(std::async(std::launch::async, [&lines, start, end] {
            std::vector<Token> tokens;
            for (std::size_t i = start; i < end; ++i)
                for (Token& token : tokens_of(lines[i]))
                    tokens.push_back(std::move(token));
            return tally_of(tokens);
        }));
    }
    Tally total;
    for (auto& part : parts) {
        const Tally tally = part.get();
        total.words.merge(tally.words);
        total.numbers.insert(tally.numbers.begin(), tally.numbers.end());
    }
    const auto frequent = total.words.most_frequent(12);
    for (const auto& [word, count] : frequent)
        std::cout << std::setw(12) << word << std::setw(6) << count << '\n';
    std::cout << total.numbers.size() << " numbers, the largest " << largest(total.numbers).value_or(-1)
              << '\n';
    std::ostringstream joined;
    std::transform(frequent.begin(), frequent.end(), std::ostream_iterator<std::string>(joined, ","),
                   [](const auto& entry) { return entry.first; });
    std::cout << joined.str() << '\n';
    const auto shared = std::make_shared<std::map<std::size_t, std::string>>();
    for (const auto& [word, count] : frequent)
        shared->emplace(count, word);
    std::cout << std::accumulate(shared->begin(), shared->end(), std::size_t{0},
                                 [](std::size_t sum, const auto& entry) { return sum + entry.second.size(); })
              << '\n';
}
