// SPDX-License-Identifier: MIT
#include "machine/output_file.h"

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <stdexcept>
#include <system_error>

namespace ashlar::machine {

namespace {

namespace fs = std::filesystem;

bool is_new_or_regular(const std::string& path) {
    std::error_code error;
    return !fs::exists(path, error) || fs::is_regular_file(path, error);
}

} // namespace

OutputFile::OutputFile(std::string path)
    : path_(std::move(path)), beside_(path_ + ".part"),
      is_replaced_(path_ != kStandardOutput && is_new_or_regular(path_)) {
    if (path_ != kStandardOutput && !std::ofstream(target(), std::ios::app)) {
        fail();
    }
}

OutputFile::~OutputFile() {
    if (is_replaced_) {
        std::error_code error; // none is left after a success
        fs::remove(beside_, error);
    }
}

void OutputFile::write(const std::function<void(std::ostream&)>& text) const {
    if (path_ == kStandardOutput) {
        text(std::cout);
        if (!std::cout.flush()) {
            fail();
        }
        return;
    }
    std::ofstream file(target(), std::ios::binary);
    text(file);
    file.close();
    if (!file) {
        fail();
    }
    if (is_replaced_) {
        fs::rename(beside_, path_);
    }
}

void OutputFile::fail() const {
    const int error = errno;
    throw std::runtime_error("cannot write to " + (path_ == kStandardOutput ? "the standard output" : path_) +
                             ": " + std::generic_category().message(error));
}

} // namespace ashlar::machine
