// SPDX-License-Identifier: MIT
// strings_and_maps: operations of C++ programs, through operator new: std::string, vector, deque, map and
// unordered_map. Each thread keeps an index of the last lines of a text that it makes up. The index has each
// word's frequency (unordered_map) and its lines (map of vectors). For a new line the oldest one is taken out
// of both. Words are 3 to 42 letters, so that only some of them fit into the string object. Few words are
// frequent and most are rare, as in languages.
//
// Every thread's text depends on the seed and its number only. One word put in or taken out is one operation.
// The C++ library decides how many calls of malloc and free that is (three or four).
#include "support/cache_line.h"
#include "support/command_line.h"
#include "support/mapped_array.h"
#include "support/random.h"
#include "support/team.h"

#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace {

using bench::CommandLine;
using bench::Draw;
using bench::MappedArray;
using bench::Random;

constexpr const char* kUsage =
    "usage: strings_and_maps <operations> <seed> [threads] [lines] [--verify]\n"
    "  operations  words put into the index or taken out of it by all threads, each counts one; rounded up\n"
    "              to whole lines\n"
    "  seed        the same seed gives the same text under every allocator\n"
    "  threads     each with an index of its own (1)\n"
    "  lines       in each index at a time (2000)\n"
    "  --verify    check the text of each line and its words' entries when it is taken out\n"
    "The last line printed is: Throughput = N operations per second\n";

constexpr std::uint32_t kDefaultLines = 2000;
constexpr std::uint32_t kWordsPerLine = 12;
constexpr std::uint64_t kOperationsPerLine = 2 * kWordsPerLine; // one line in, one out
constexpr std::uint32_t kVocabulary = 6; // log2 of the smallest vocabulary: 64 frequent words, of 8192 in all
constexpr std::uint32_t kVocabularies = 8;
constexpr std::uint32_t kShortest = 3;
constexpr std::uint32_t kLengths = 40;

struct Settings {
    std::uint64_t operations;
    std::uint64_t seed;
    std::uint32_t threads;
    std::uint32_t lines;
    bool verify;
};

[[noreturn]] void fail_entry(const std::string& word, std::uint64_t line) {
    bench::fail(bench::kRunFailed, "contents changed: the entry of the word %s in line %llu\n", word.c_str(),
                static_cast<unsigned long long>(line));
}

// Picks from a vocabulary of random size. Words that all vocabularies have are frequent, most are rare.
std::uint32_t pick_word(Draw& draw) {
    return draw.below(1U << (kVocabulary + draw.below(kVocabularies)));
}

// Calls write(letter) for each letter of a line. A line is always the same. Words end with a space.
template <typename Write>
void spell_line(std::uint64_t seed, std::uint64_t number, const Write& write) {
    Random words(bench::scramble(seed) + number);
    for (std::uint32_t word = 0; word < kWordsPerLine; ++word) {
        Draw draw = words.draw();
        Random letters(pick_word(draw));
        for (std::uint32_t left = kShortest + letters.draw().below(kLengths); left != 0; --left) {
            write(static_cast<char>('a' + letters.draw().below(26)));
        }
        write(' ');
    }
}

std::string make_line(std::uint64_t seed, std::uint64_t number) {
    std::string line;
    spell_line(seed, number, [&](char letter) { line += letter; });
    return line;
}

// Does not call malloc, so that the calls are the same with and without --verify.
void check_line(const std::string& line, std::uint64_t seed, std::uint64_t number) {
    std::size_t place = 0;
    bool same = true;
    spell_line(seed, number, [&](char letter) {
        same = same && place < line.size() && line[place] == letter;
        ++place;
    });
    if (!same || place != line.size()) {
        bench::fail(bench::kRunFailed, "contents changed: the text of line %llu\n",
                    static_cast<unsigned long long>(number));
    }
}

template <typename Visit>
void for_each_word(std::string_view line, const Visit& visit) {
    while (!line.empty()) {
        const std::size_t end = line.find(' ');
        visit(std::string(line.substr(0, end)));
        line.remove_prefix(end + 1);
    }
}

class Index {
  public:
    void put(std::string line) {
        const std::uint64_t number = first_ + lines_.size();
        for_each_word(line, [&](const std::string& word) {
            ++occurrences_[word];
            lines_of_[word].push_back(number);
        });
        lines_.push_back(std::move(line));
    }

    const std::string& oldest() const { return lines_.front(); }

    // Takes out the oldest line. Its entries are the oldest of each word.
    void take_oldest() {
        for_each_word(lines_.front(), [&](const std::string& word) {
            const auto count = occurrences_.find(word);
            const auto entries = lines_of_.find(word);
            if (count == occurrences_.end() || entries == lines_of_.end() || entries->second.empty() ||
                entries->second.front() != first_ || entries->second.size() != count->second) {
                fail_entry(word, first_);
            }
            entries->second.erase(entries->second.begin());
            if (--count->second == 0) {
                occurrences_.erase(count);
                lines_of_.erase(entries);
            }
        });
        lines_.pop_front();
        ++first_;
    }

    std::size_t size() const { return lines_.size(); }
    bool has_words() const { return !occurrences_.empty() || !lines_of_.empty(); }

  private:
    std::deque<std::string> lines_;
    std::uint64_t first_ = 0; // number of the oldest line
    std::unordered_map<std::string, std::uint64_t> occurrences_;
    std::map<std::string, std::vector<std::uint64_t>> lines_of_;
};

struct alignas(bench::kCacheLinePair) Worker {
    Settings settings;
    std::uint64_t seed;
    std::uint64_t lines;
    Index* index;

    void prepare() {
        index = new Index;
        for (std::uint64_t number = 0; number < settings.lines; ++number) {
            index->put(make_line(seed, number));
        }
    }

    void work() const {
        for (std::uint64_t number = 0; number < lines; ++number) {
            index->put(make_line(seed, settings.lines + number));
            if (settings.verify) {
                check_line(index->oldest(), seed, number);
            }
            index->take_oldest();
        }
    }

    void finish() const {
        while (index->size() != 0) {
            index->take_oldest();
        }
        if (index->has_words()) {
            bench::fail(bench::kRunFailed, "contents changed: an empty index has words\n");
        }
        delete index;
    }
};

Settings read_settings(const CommandLine& line) {
    line.expect_between(2, 4);
    return {
        .operations = line.integer(0, "operations", 1, std::uint64_t{1} << 60),
        .seed = line.integer(1, "seed", 0, UINT64_MAX),
        .threads = line.integer_or(1U, 2, "threads", 1, 4096),
        .lines = line.integer_or(kDefaultLines, 3, "lines", 1, 1U << 24),
        .verify = line.verify(),
    };
}

void measure(const Settings& settings) {
    const std::uint64_t lines = bench::share_of(settings.operations, kOperationsPerLine * settings.threads);
    MappedArray<Worker> workers(settings.threads);
    for (std::uint32_t number = 0; number < settings.threads; ++number) {
        workers[number] = {.settings = settings,
                           .seed = bench::scramble(settings.seed) + number,
                           .lines = lines,
                           .index = nullptr};
    }
    const double seconds = bench::time_team(workers);
    for (const Worker& worker : workers) {
        worker.finish();
    }
    bench::print_throughput(lines * settings.threads * kOperationsPerLine, seconds);
}

} // namespace

int main(int argc, char** argv) {
    measure(read_settings(CommandLine(argc, argv, kUsage)));
    return 0;
}
