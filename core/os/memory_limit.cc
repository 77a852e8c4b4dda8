// SPDX-License-Identifier: MIT
#include "os/memory_limit.h"

#include "os/system_call.h"

#include <algorithm>
#include <cstring>
#include <fcntl.h>
#include <sys/syscall.h>

namespace ashlar::os {

namespace {

// Replaces substr(), which could throw: without optimisation it refers to the C++ library.
std::string_view first(std::string_view text, std::size_t count) {
    return {text.data(), std::min(text.size(), count)};
}
std::string_view skip(std::string_view text, std::size_t count) {
    text.remove_prefix(count);
    return text;
}

// Returns the next field, up to `separator` or the end. `rest` begins behind it afterwards.
std::string_view take_field(std::string_view& rest, char separator) {
    const std::size_t end = std::min(rest.find(separator), rest.size());
    const std::string_view field = first(rest, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return field;
}

// Returns whether the comma-separated list contains the word.
bool lists(std::string_view list, std::string_view word) {
    while (!list.empty()) {
        if (take_field(list, ',') == word) return true;
    }
    return false;
}

// Returns false, and appends nothing, if `text` does not fit.
bool append(ControlGroup& path, std::string_view text) {
    if (text.size() > ControlGroup::kLongest - path.length) return false;
    if (!text.empty()) std::memcpy(path.text + path.length, text.data(), text.size());
    path.length += text.size();
    return true;
}

bool is_octal(char c) {
    return c >= '0' && c <= '7';
}

// Appends a field of mountinfo. There a blank or backslash is a backslash and three octal digits.
bool append_unescaped(ControlGroup& path, std::string_view field) {
    for (std::size_t i = 0; i < field.size(); ++i) {
        char c = field[i];
        if (c == '\\' && field.size() - i > 3 && is_octal(field[i + 1]) && is_octal(field[i + 2]) &&
            is_octal(field[i + 3])) {
            c = static_cast<char>((field[i + 1] - '0') * 64 + (field[i + 2] - '0') * 8 +
                                  (field[i + 3] - '0'));
            i += 3;
        }
        if (!append(path, {&c, 1})) return false;
    }
    return true;
}

// Sets `below` to the part of `path` below `directory`: "" or "/…". Returns false if `path` is elsewhere.
bool lies_below(std::string_view path, std::string_view directory, std::string_view& below) {
    if (directory == "/") directory = {};
    if (first(path, directory.size()) != directory) return false;
    below = skip(path, directory.size());
    if (below == "/") below = {};
    return below.empty() || below.front() == '/';
}

// Returns whether the path has a "..". The kernel shows groups outside of the process's namespace as "/../…".
bool climbs(std::string_view path) {
    while (!path.empty()) {
        if (take_field(path, '/') == "..") return true;
    }
    return false;
}

} // namespace

// Takes a line of /proc/self/cgroup: "4:cpu,memory:/path" or "0::/path".
void ControlGroups::note_group(std::string_view line) {
    std::string_view path = line;
    const std::string_view number = take_field(path, ':');
    const std::string_view controllers = take_field(path, ':');
    if (path.empty() || path.front() != '/') return;
    const bool version2 = number == "0" && controllers.empty();
    if (!version2 && !lists(controllers, "memory")) return;
    ControlGroup& group = found_[version2 ? 1 : 0].group;
    group.length = 0;
    if (climbs(path) || !append(group, path)) append(group, "/");
}

// Takes a line of /proc/self/mountinfo:
//   35 31 0:32 /root /mount/point rw,relatime shared:9 - cgroup cgroup rw,memory
void ControlGroups::note_mount(std::string_view line) {
    const std::size_t separator = line.find(" - ");
    if (separator == std::string_view::npos) return;
    std::string_view system = skip(line, separator + 3);
    const std::string_view type = take_field(system, ' ');
    take_field(system, ' '); // the source
    const bool version2 = type == "cgroup2";
    if (!version2 && (type != "cgroup" || !lists(system, "memory"))) return;
    Found& found = found_[version2 ? 1 : 0];
    if (found.group.length == 0 || found.exact) return;

    std::string_view rest = first(line, separator);
    for (int skipped = 0; skipped < 3; ++skipped)
        take_field(rest, ' ');
    ControlGroup root{};
    ControlGroup directory{};
    const bool fits = append_unescaped(root, take_field(rest, ' '));
    if (!append_unescaped(directory, take_field(rest, ' ')) || directory.length == 0) return;
    directory.mount_point = directory.length;
    std::string_view below;
    const bool exact = fits && lies_below(found.group.path(), root.path(), below);
    if (!exact && found.directory.length != 0) return;
    if (exact) append(directory, below);
    found.directory = directory;
    found.exact = exact;
}

namespace {

class File {
  public:
    explicit File(const char* path)
        : descriptor_(system_call(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC)) {}
    ~File() {
        if (descriptor_ >= 0) system_call(SYS_close, descriptor_);
    }
    File(const File&) = delete;
    File& operator=(const File&) = delete;

    // Returns the number of bytes read, 0 at the end and after an error.
    std::size_t read(char* into, std::size_t size) const {
        if (descriptor_ < 0) return 0;
        const long count = system_call(SYS_read, descriptor_, into, size);
        return count > 0 ? static_cast<std::size_t>(count) : 0;
    }

  private:
    long descriptor_;
};

// Buffers for one reading thread at a time. They are too large for a small stack. A child forked during a
// reading keeps the limit that was read last.
struct Reader {
    std::atomic_flag busy;
    ControlGroups groups;
    char path[2 * ControlGroup::kLongest];
    char line[4096];

    // Returns false if the path is too long.
    bool set_path(std::string_view root, std::string_view directory, std::string_view file) {
        if (root.size() + directory.size() + file.size() >= sizeof(path)) return false;
        char* end = path;
        for (const std::string_view part : {root, directory, file})
            end = std::copy(part.begin(), part.end(), end);
        *end = '\0';
        return true;
    }

    // Calls visit(line) for every line that fits into the buffer.
    template <typename Visit>
    void for_each_line(Visit visit) {
        const File file(path);
        std::size_t filled = 0;
        bool whole = true; // the buffer begins at the start of a line
        while (const std::size_t count = file.read(line + filled, sizeof(line) - filled)) {
            filled += count;
            std::string_view rest{line, filled};
            for (std::size_t end = 0; (end = rest.find('\n')) != std::string_view::npos;) {
                if (whole) visit(first(rest, end));
                whole = true;
                rest.remove_prefix(end + 1);
            }
            if (rest.size() == sizeof(line)) {
                whole = false;
                rest = {};
            }
            filled = rest.size();
            std::memmove(line, rest.data() != nullptr ? rest.data() : line, filled);
        }
        if (filled != 0 && whole) visit(std::string_view{line, filled});
    }

    // Returns the number in the file, or no limit for "max" and for anything else.
    std::size_t number() {
        const File file(path);
        const std::string_view text{line, file.read(line, sizeof(line))};
        std::size_t value = 0;
        std::size_t digits = 0;
        for (; digits < text.size() && text[digits] >= '0' && text[digits] <= '9'; ++digits) {
            if (__builtin_mul_overflow(value, std::size_t{10}, &value) ||
                __builtin_add_overflow(value, static_cast<std::size_t>(text[digits] - '0'), &value)) {
                return kNoMemoryLimit;
            }
        }
        return digits != 0 ? value : kNoMemoryLimit;
    }

    std::size_t least_along(std::string_view root, const ControlGroup& group,
                            std::initializer_list<std::string_view> files) {
        std::size_t least = kNoMemoryLimit;
        for (std::string_view directory = group.path(); !directory.empty();) {
            for (const std::string_view file : files) {
                if (set_path(root, directory, file)) least = std::min(least, number());
            }
            if (directory.size() <= group.mount_point) break;
            directory = first(directory, std::max(directory.rfind('/'), group.mount_point));
        }
        return least;
    }

    std::size_t limit(std::string_view root) {
        std::memset(&groups, 0, sizeof(groups));
        if (set_path(root, "/proc/self/", "cgroup")) {
            for_each_line([this](std::string_view text) { groups.note_group(text); });
        }
        if (set_path(root, "/proc/self/", "mountinfo")) {
            for_each_line([this](std::string_view text) { groups.note_mount(text); });
        }
        return std::min(least_along(root, groups.version1(), {"/memory.limit_in_bytes"}),
                        least_along(root, groups.version2(), {"/memory.max", "/memory.high"}));
    }
};

constinit Reader reader{};

} // namespace

LimitRead read_memory_limit(std::string_view root) {
    if (reader.busy.test_and_set(std::memory_order_acquire)) return {false, kNoMemoryLimit};
    const std::size_t bytes = reader.limit(root);
    reader.busy.clear(std::memory_order_release);
    return {true, bytes};
}

void MemoryLimit::grown(std::size_t size) {
    std::size_t due = next_size_.load(std::memory_order_relaxed);
    if (size < due) return;
    const std::size_t next = size <= kNoMemoryLimit / 2 ? size * 2 : kNoMemoryLimit;
    if (next_size_.compare_exchange_strong(due, next, std::memory_order_relaxed)) read();
}

void MemoryLimit::note_time(std::uint64_t milliseconds) {
    if (next_size_.load(std::memory_order_relaxed) == kLargeSize) return;
    std::uint64_t due = next_time_.load(std::memory_order_relaxed);
    if (milliseconds < due) return;
    if (next_time_.compare_exchange_strong(due, milliseconds + kMilliseconds, std::memory_order_relaxed))
        read();
}

void MemoryLimit::read() {
    const LimitRead now = read_memory_limit(root_);
    if (now.done) bytes_.store(now.bytes, std::memory_order_relaxed);
}

} // namespace ashlar::os
