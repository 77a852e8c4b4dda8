// SPDX-License-Identifier: MIT
#include "locks/delay.h"

#include "locks/settings.h"
#include "os/loaded_object.h"
#include "os/system_call.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

namespace ashlar::locks {

namespace {

struct FileNumber {
    std::uint64_t device = 0;
    std::uint64_t inode = 0; // 0: none
    bool operator==(const FileNumber&) const = default;
};

// Links are followed: a library is known by several paths.
FileNumber number_of(const char* path) {
    struct stat facts {};
    if (os::system_call(SYS_newfstatat, AT_FDCWD, path, &facts, 0) != 0) return {};
    return {facts.st_dev, facts.st_ino};
}

struct Delay {
    FileNumber file;
    std::uintptr_t begin;
    std::uintptr_t end;
    std::uint64_t nanoseconds;
};

constexpr std::size_t kMostDelays = 64;
constinit std::array<Delay, kMostDelays> delays{};
constinit std::size_t delay_count = 0;

bool parse_hexadecimal(std::string_view text, std::uintptr_t& value) {
    constexpr std::size_t kMostDigits = 16;
    if (text.size() <= 2 || text.size() > 2 + kMostDigits || text[0] != '0' || text[1] != 'x') return false;
    text.remove_prefix(2);
    value = 0;
    for (const char digit : text) {
        const bool is_number = digit >= '0' && digit <= '9';
        if (!is_number && (digit < 'a' || digit > 'f')) return false;
        value = value * 16 + static_cast<std::uintptr_t>(is_number ? digit - '0' : digit - 'a' + 10);
    }
    return true;
}

// The program has no name there.
const char* path_of(const link_map& object) {
    return object.l_name == nullptr || *object.l_name == '\0' ? "/proc/self/exe" : object.l_name;
}

// Of the file that an address lies in. Looking at a file is a system call, so the last answers are kept. Two
// threads may write one at the same time: each reads it back whole, or asks again.
class KnownFiles {
  public:
    FileNumber find(const link_map* object) {
        for (const Known& known : known_)
            if (known.object.load(std::memory_order_acquire) == object) return known.file;
        const FileNumber file = number_of(path_of(*object));
        const std::size_t place = count_.fetch_add(1, std::memory_order_relaxed);
        if (place < known_.size()) { // none is ever replaced
            known_[place].file = file;
            known_[place].object.store(object, std::memory_order_release);
        }
        return file;
    }

  private:
    struct Known {
        std::atomic<const link_map*> object{nullptr};
        FileNumber file;
    };
    std::array<Known, 64> known_{};
    std::atomic<std::size_t> count_{0};
};
constinit KnownFiles files{};

// Not a cancellation point, as acquiring a mutex is none.
void sleep_for(std::uint64_t nanoseconds) {
    constexpr std::uint64_t kSecond = 1'000'000'000;
    timespec rest{static_cast<time_t>(nanoseconds / kSecond), static_cast<long>(nanoseconds % kSecond)};
    while (os::system_call(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &rest, &rest) == -EINTR) {
    }
}

} // namespace

bool add_delay(std::string_view text) {
    const std::size_t at = text.find('@');
    const std::size_t plus = text.rfind('+');
    const std::size_t dash = text.rfind('-');
    if (at == std::string_view::npos || plus == std::string_view::npos || dash == std::string_view::npos ||
        at > plus || plus > dash || delay_count == kMostDelays) {
        return false;
    }
    const auto part = [&](std::size_t begin, std::size_t end) {
        return std::string_view(text.data() + begin, end - begin);
    };
    std::array<char, 512> path{};
    const std::string_view file = part(at + 1, plus);
    Delay delay{};
    if (file.empty() || file.size() >= path.size() || !parse_time(part(0, at), delay.nanoseconds) ||
        !parse_hexadecimal(part(plus + 1, dash), delay.begin) ||
        !parse_hexadecimal(part(dash + 1, text.size()), delay.end)) {
        return false;
    }
    std::copy(file.begin(), file.end(), path.begin());
    delay.file = number_of(path.data());
    delays[delay_count++] = delay;
    return true;
}

bool has_delays() {
    return delay_count != 0;
}

[[gnu::noinline, gnu::cold]] void delay_section(const void* lock, std::uintptr_t site) {
    const link_map* const object = os::object_around(reinterpret_cast<const void*>(site));
    if (object == nullptr) return;
    const std::uintptr_t call = site - 1 - object->l_addr; // inside the instruction that called
    const FileNumber file = files.find(object);
    for (std::size_t i = 0; i < delay_count; ++i) {
        const Delay& delay = delays[i];
        if (call < delay.begin || call >= delay.end || delay.file != file || file.inode == 0) continue;
        if (LockRow* const row = recording.find(lock)) __atomic_fetch_add(&row->delayed, 1, __ATOMIC_RELAXED);
        const int saved = errno;
        sleep_for(delay.nanoseconds);
        errno = saved;
        return;
    }
}

} // namespace ashlar::locks
