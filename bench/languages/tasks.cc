// SPDX-License-Identifier: MIT
// The four tasks of README.md in C++, with containers and algorithms of its library.
//
// usage: tasks TASK SIZE ITERATIONS
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <iterator>
#include <memory>
#include <numeric>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr long kModulus = 139968;
constexpr long kFold = 1000003;
constexpr long kValues = 10000;
constexpr long kLetters = 26;
constexpr long kLongestWord = 48;
constexpr std::string_view kAlphabet =
    "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz";

long state = 42;

// Returns a number from 0 to limit - 1.
long next(long limit) {
    state = (state * 3877 + 29573) % kModulus;
    return state * limit / kModulus;
}

long fold(long sum, long value) {
    return (sum * 31 + value) % kFold;
}

long fibonacci(long n) {
    return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

long run_fibonacci(long size, long iterations) {
    long sum = 0;
    for (long i = 0; i < iterations; ++i) {
        sum = fold(sum, fibonacci(size));
    }
    return sum;
}

struct Node {
    long value;
    std::unique_ptr<Node> left;
    std::unique_ptr<Node> right;
};

std::unique_ptr<Node> build(long depth) {
    auto tree = std::make_unique<Node>();
    tree->value = next(kValues);
    if (depth > 0) {
        tree->left = build(depth - 1);
        tree->right = build(depth - 1);
    }
    return tree;
}

long check(const Node& tree) {
    return tree.left ? (tree.value + 2 * check(*tree.left) + 3 * check(*tree.right)) % kFold : tree.value;
}

long run_trees(long size, long iterations) {
    long sum = 0;
    const auto lasting = build(size);
    for (long i = 0; i < iterations; ++i) {
        sum = fold(sum, check(*build(size)));
    }
    return fold(sum, check(*lasting));
}

long run_arrays(long size, long iterations) {
    long sum = 0;
    for (long i = 0; i < iterations; ++i) {
        std::vector<long> values;
        for (long left = 1 + next(size); left > 0; --left) {
            values.push_back(next(kValues));
        }
        std::vector<long> mapped(values.size());
        std::transform(values.begin(), values.end(), mapped.begin(),
                       [i](long value) { return value * 3 + i; });
        std::vector<long> filtered;
        std::copy_if(mapped.begin(), mapped.end(), std::back_inserter(filtered),
                     [](long value) { return value % 2 == 0; });
        sum = std::accumulate(filtered.begin(), filtered.end(), sum, fold);
    }
    return sum;
}

std::vector<std::string> split(const std::string& text) {
    std::vector<std::string> words;
    std::size_t start = 0;
    for (std::size_t space = text.find(' '); space != std::string::npos; space = text.find(' ', start)) {
        words.push_back(text.substr(start, space - start));
        start = space + 1;
    }
    words.push_back(text.substr(start));
    return words;
}

long run_strings(long size, long iterations) {
    long sum = 0;
    for (long i = 0; i < iterations; ++i) {
        std::string text;
        for (long word = 0; word < size; ++word) {
            if (word > 0) {
                text += ' ';
            }
            const long start = next(kLetters);
            const long length = 1 + next(kLongestWord);
            text += kAlphabet.substr(static_cast<std::size_t>(start), static_cast<std::size_t>(length));
        }
        for (const std::string& word : split(text)) {
            sum = fold(sum, static_cast<long>(word.size()));
            sum = fold(sum, word.front());
        }
    }
    return sum;
}

double cpu_milliseconds() {
    std::timespec now{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

struct Task {
    std::string_view name;
    long (*run)(long size, long iterations);
};
constexpr Task kTasks[] = {
    {"fibonacci", run_fibonacci}, {"trees", run_trees}, {"arrays", run_arrays}, {"strings", run_strings}};

} // namespace

int main(int argc, char** argv) {
    for (const Task& task : kTasks) {
        if (argc == 4 && argv[1] == task.name) {
            const double start = cpu_milliseconds();
            const long sum = task.run(std::atol(argv[2]), std::atol(argv[3]));
            std::printf("checksum = %ld\nCPU time = %.3f ms\n", sum, cpu_milliseconds() - start);
            return 0;
        }
    }
    std::fputs("usage: tasks fibonacci|trees|arrays|strings SIZE ITERATIONS\n", stderr);
    return 2;
}
