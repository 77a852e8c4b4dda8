// SPDX-License-Identifier: MIT
//
// Runs a fuzz target on the inputs in files and folders, in any build, without libFuzzer.
//
// usage: replay_TARGET [--print] FILE_OR_FOLDER...      --print: each input's name, and the calls it means
#include "target.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace {

namespace files = std::filesystem;

std::vector<files::path> inputs_in(const files::path& place) {
    std::vector<files::path> inputs;
    if (!files::is_directory(place)) {
        inputs.push_back(place);
    } else {
        for (const auto& entry : files::directory_iterator(place)) {
            if (entry.is_regular_file()) inputs.push_back(entry.path());
        }
    }
    std::sort(inputs.begin(), inputs.end());
    return inputs;
}

void run(const files::path& input) {
    std::ifstream stream(input, std::ios::binary);
    if (!stream) throw std::runtime_error(input.string() + " cannot be read");
    const std::string bytes{std::istreambuf_iterator<char>(stream), {}};
    if (fuzz::printing) std::printf("%s\n", input.c_str());
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
}

} // namespace

int main(int count, char** values) try {
    std::size_t inputs_run = 0;
    for (int i = 1; i < count; i++) {
        if (std::strcmp(values[i], "--print") == 0) {
            fuzz::printing = true;
            continue;
        }
        for (const files::path& input : inputs_in(values[i])) {
            run(input);
            inputs_run++;
        }
    }
    std::printf("replay: %zu inputs\n", inputs_run);
    return inputs_run != 0 ? 0 : 2;
} catch (const std::exception& error) {
    std::fprintf(stderr, "replay: %s\n", error.what());
    return 2;
}
