// SPDX-License-Identifier: MIT
// Rows of figures for other programs. Each row is written at once, so that a run of hours can be watched.
// stdio would take its buffer from the allocator under test, so it is not used.
#pragma once

#include "support/fail.h"

#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

namespace bench {

class CsvFile {
  public:
    // Without a path no rows are written.
    CsvFile(const char* path, const char* columns) : path_(path) {
        if (path != nullptr) {
            file_ = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
            if (file_ < 0) {
                fail_to_write();
            }
            row("%s\n", columns);
        }
    }
    ~CsvFile() {
        if (file_ >= 0) {
            close(file_);
        }
    }
    CsvFile(const CsvFile&) = delete;
    CsvFile& operator=(const CsvFile&) = delete;

    [[gnu::format(printf, 2, 3)]] void row(const char* format, ...) {
        if (path_ == nullptr) {
            return;
        }
        char text[256];
        std::va_list arguments;
        va_start(arguments, format);
        const int length = std::vsnprintf(text, sizeof text, format, arguments);
        va_end(arguments);
        if (write(file_, text, static_cast<std::size_t>(length)) != length) {
            fail_to_write();
        }
    }

  private:
    [[noreturn]] void fail_to_write() const {
        fail(kRunFailed, "cannot write to %s: %s\n", path_, strerrordesc_np(errno));
    }

    const char* path_;
    int file_ = -1;
};

} // namespace bench
