// SPDX-License-Identifier: MIT
#include "observe/reports.h"

#include "observe/formats.h"
#include "os/background.h"
#include "os/config.h"
#include "os/message.h"
#include "os/process.h"
#include "os/signal.h"
#include "os/system_call.h"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <string_view>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace ashlar::observe {

namespace {

constinit std::uint64_t owner = 0; // process that owns files without a number in their names

constexpr std::string_view kNumber = "%p";

// Folder in which the process started. Relative paths in settings are relative to it.
constinit std::array<char, 512> folder{};

void remember_folder() {
    const long length = os::system_call(SYS_getcwd, folder.data(), folder.size() - 1);
    if (length <= 0 || folder.front() != '/') {
        folder.front() = '\0'; // gone or too long: paths are relative to the current folder
        return;
    }
    folder[static_cast<std::size_t>(length) - 1] = '/'; // replaces the NUL
    folder[static_cast<std::size_t>(length)] = '\0';
}

// A file name, with room for a folder, the text of a setting, two process numbers and an ending.
class FileName {
  public:
    FileName& add(std::string_view text) {
        for (const char letter : text) {
            if (length_ + 1 < letters_.size()) letters_[length_++] = letter;
        }
        return *this;
    }
    // Adds `text` with the process's number in place of %p.
    FileName& expand(std::string_view text, std::uint64_t process) {
        if (!text.empty() && text.front() != '/') add(folder.data());
        for (std::size_t at = text.find(kNumber); at != std::string_view::npos; at = text.find(kNumber)) {
            std::string_view before = text;
            before.remove_suffix(text.size() - at);
            os::Message number;
            add(before).add(number.number(process).view());
            text.remove_prefix(at + kNumber.size());
        }
        return add(text);
    }
    const char* get() const { return letters_.data(); }

  private:
    std::array<char, 1024> letters_{};
    std::size_t length_ = 0;
};

// Returns whether the file is a device, a pipe or a link (/dev/stderr): written to, and not replaced.
bool is_special(const char* name) {
    struct stat about {};
    return os::system_call(SYS_newfstatat, AT_FDCWD, name, &about, AT_SYMLINK_NOFOLLOW) == 0 &&
           !S_ISREG(about.st_mode);
}

// Returns 0, or the kernel's negative error number.
long write_file(const char* name, int flags, Format format) {
    const long opened =
        os::system_call(SYS_openat, AT_FDCWD, name, O_WRONLY | O_CLOEXEC | O_NOCTTY | flags, 0644);
    if (opened < 0) return opened;
    int descriptor = static_cast<int>(opened);
    const bool whole = write(format, write_to_descriptor, &descriptor);
    os::system_call(SYS_close, opened);
    return whole ? 0 : -EIO;
}

long replace_file(const FileName& name, std::string_view setting, std::uint64_t process, Format format) {
    // The name has the process's number, because other processes may replace the same file.
    FileName other;
    os::Message number;
    other.expand(setting, process).add(".").add(number.number(process).view()).add(".new");
    os::system_call(SYS_unlinkat, AT_FDCWD, other.get(), 0);
    const long result = write_file(other.get(), O_CREAT | O_EXCL, format);
    if (result == 0) return os::system_call(SYS_renameat2, AT_FDCWD, other.get(), AT_FDCWD, name.get(), 0);
    os::system_call(SYS_unlinkat, AT_FDCWD, other.get(), 0);
    return result;
}

// Returns false if writing failed.
bool write_report(std::string_view setting) {
    const std::uint64_t process = os::process_id();
    if (process != owner && setting.find(kNumber) == std::string_view::npos) return true;
    FileName name;
    name.expand(setting, process);
    const Format format = format_for(setting);
    const long result = is_special(name.get()) ? write_file(name.get(), O_APPEND, format)
                                               : replace_file(name, setting, process, format);
    if (result == 0) return true;
    os::Message message;
    message.text("cannot write statistics to ").quoted(name.get()).text(": error ");
    os::warn(message.number(static_cast<std::uint64_t>(-result)));
    return false;
}

void report(bool called) {
    static constinit bool failed = false; // writing failed, and a warning was given
    const std::string_view file = os::settings.stats_file.view();
    if (!file.empty()) {
        if (!failed) failed = !write_report(file);
    } else if (called) {
        int descriptor = STDERR_FILENO;
        write(Format::kText, write_to_descriptor, &descriptor, "ashlar: ");
    }
}

void on_signal(int /*number*/) {
    os::call_background();
}

void handle(std::size_t number) {
    if (os::handle_signal(number, on_signal)) return;
    os::Message message;
    message.text("stats_signal:").number(number).text(" ignored; that is no signal a program can handle");
    os::warn(message);
}

} // namespace

[[gnu::cold]] void start_reports() {
    const std::size_t number = os::settings.stats_signal.load(std::memory_order_relaxed);
    const bool every_second = !os::settings.stats_file.view().empty();
    if (!every_second && number == 0 && os::settings.stats_at_exit.view().empty()) return;
    owner = os::process_id();
    remember_folder();
    if (every_second || number != 0) {
        os::set_background_chore(report);
        os::settings.background.store(1, std::memory_order_relaxed);
    }
    if (number != 0) handle(number);
}

void report_at_exit() {
    const std::string_view file = os::settings.stats_at_exit.view();
    if (!file.empty()) write_report(file);
}

} // namespace ashlar::observe
