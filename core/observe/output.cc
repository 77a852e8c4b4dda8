// SPDX-License-Identifier: MIT
#include "observe/output.h"

#include "os/page_memory.h"
#include "os/system_call.h"

#include <algorithm>
#include <cerrno>
#include <sys/syscall.h>

namespace ashlar::observe {

Output& Output::text(std::string_view words) {
    while (!words.empty()) {
        const std::size_t taken = std::min(words.size(), buffer_.size() - length_);
        std::copy_n(words.data(), taken, buffer_.data() + length_);
        length_ += taken;
        words.remove_prefix(taken);
        if (length_ == buffer_.size()) finish();
    }
    return *this;
}

Output& Output::number(std::uint64_t value) {
    char digits[20];
    char* first = digits + sizeof(digits);
    do {
        *--first = static_cast<char>('0' + value % 10);
        value /= 10;
    } while (value != 0);
    return text({first, static_cast<std::size_t>(digits + sizeof(digits) - first)});
}

Output& Output::seconds(std::uint64_t nanoseconds) {
    constexpr std::uint64_t kSecond = 1'000'000'000;
    number(nanoseconds / kSecond).text(".");
    for (std::uint64_t digit = kSecond / 10; digit != 0; digit /= 10)
        number(nanoseconds / digit % 10);
    return *this;
}

bool Output::finish() {
    if (length_ != 0) written_ &= write_(to_, {buffer_.data(), length_});
    length_ = 0;
    return written_;
}

bool write_to_descriptor(void* to, std::string_view text) {
    const int descriptor = *static_cast<const int*>(to);
    while (!text.empty()) {
        const long written = os::system_call(SYS_write, descriptor, text.data(), text.size());
        if (written > 0) {
            text.remove_prefix(static_cast<std::size_t>(written));
        } else if (written != -EINTR) {
            return false;
        }
    }
    return true;
}

TextBuffer::TextBuffer() {
    void* const space = os::reserve(kMapped);
    if (space != nullptr && !os::commit(space, kMapped)) {
        os::unreserve(space, kMapped);
        mapped_ = nullptr;
    } else {
        mapped_ = static_cast<char*>(space);
    }
}

TextBuffer::~TextBuffer() {
    if (mapped_ != nullptr) os::unreserve(mapped_, kMapped);
}

} // namespace ashlar::observe
