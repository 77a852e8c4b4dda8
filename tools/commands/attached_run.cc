// SPDX-License-Identifier: MIT
#include "commands/attached_run.h"

#include "commands/command.h"
#include "commands/subject_obstacle.h"
#include "machine/terminal.h"
#include "observe/profile_switch.h"
#include "profile/read_recording.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace ashlar::commands {

namespace {

namespace fs = std::filesystem;
using machine::Descriptor;
using observe::ProfileState;
using observe::ProfileSwitch;
using observe::Subject;
using Clock = std::chrono::steady_clock;

constexpr std::uint64_t kSecond = 1'000'000'000;

std::uint64_t now_on(clockid_t clock) {
    timespec now{};
    clock_gettime(clock, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * kSecond + static_cast<std::uint64_t>(now.tv_nsec);
}

std::string error_text(int error) {
    return std::generic_category().message(error);
}

std::string named(const Subject& subject) {
    return fmt::format("process {} ({})", subject.process(), subject.status().name);
}

void say(const std::string& words) {
    machine::tell(stderr, "ashlar profile: {}\n", words);
}

// Throws unless the process can be asked to record.
void check_subject(const Subject& subject) {
    if (const auto why = obstacle(subject)) {
        throw CannotAttach(kSomethingFailed, *why);
    }
    if (const auto& refusal = subject.refusal()) {
        throw CannotAttach(kOwnFailure, fmt::format("{}: its profiler cannot be switched on: {}; {}",
                                                    named(subject), refusal->what, refusal->remedy));
    }
}

void check_switch(const Subject& subject, ProfileSwitch::Found found) {
    switch (found) {
    case ProfileSwitch::Found::kReady:
        return;
    case ProfileSwitch::Found::kHardened:
        throw CannotAttach(kSomethingFailed,
                           fmt::format("{} runs on the hardened library, which has no profiler; start it on "
                                       "libashlar.so (`ashlar run`)",
                                       named(subject)));
    case ProfileSwitch::Found::kOlder:
        throw CannotAttach(kSomethingFailed,
                           fmt::format("{} runs on Ashlar {}, whose profiler cannot be switched on from "
                                       "outside; start it anew on the Ashlar that came with this command",
                                       named(subject), subject.library()->version));
    case ProfileSwitch::Found::kForbidden:
        throw CannotAttach(
            kOwnFailure,
            fmt::format("{}: its memory may be read but not written; run this command as its user or as root",
                        named(subject)));
    case ProfileSwitch::Found::kGone:
        throw CannotAttach(kSomethingFailed,
                           fmt::format("{} has ended or executed another program", named(subject)));
    }
}

// Returns the root of the process's files. It is not open if this command has the same root.
Descriptor other_root(const process::Files& files) {
    Descriptor root = files.open("root", O_PATH | O_DIRECTORY);
    struct stat theirs {};
    struct stat ours {};
    const bool is_same = root.open() && fstat(root.number(), &theirs) == 0 && stat("/", &ours) == 0 &&
                         theirs.st_dev == ours.st_dev && theirs.st_ino == ours.st_ino;
    return is_same ? Descriptor() : std::move(root);
}

std::string path_of(const Descriptor& descriptor) {
    return descriptor.open() ? fmt::format("/proc/self/fd/{}", descriptor.number()) : "";
}

// The recorded file and its folder, held open. Both are readable after the end of the process.
class RecordedFile {
  public:
    RecordedFile(const Subject& subject, const std::string& root, const fs::path& path)
        : seen_(path),
          folder_(::open((root + path.parent_path().string()).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)),
          file_(openat(folder_.number(), path.filename().c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC)) {
        struct stat facts {};
        if (!file_.open() || fstat(file_.number(), &facts) != 0) {
            throw CannotAttach(kOwnFailure,
                               fmt::format("{} records in {}, which cannot be read here: {}; run "
                                           "this command as its user or as root",
                                           named(subject), path.string(), error_text(errno)));
        }
        // The path is from the process, and this command may have greater rights.
        if (!S_ISREG(facts.st_mode) || !has_magic() ||
            (facts.st_uid != subject.status().user && subject.files().owner_of("stat") != facts.st_uid)) {
            throw CannotAttach(kOwnFailure,
                               fmt::format("{} says that it records in {}, which is no profile of "
                                           "its own",
                                           named(subject), path.string()));
        }
    }

    Descriptor take() { return std::move(file_); }

    bool is_full() const { return header().state == profile_format::State::kFull; }

    void copy_to(const fs::path& to) const {
        const Descriptor copy(::open(to.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
        constexpr std::uint64_t kEnded = std::uint64_t{1} << 63;
        const std::uint64_t size = header().reserved & ~kEnded;
        std::array<char, std::size_t{64} << 10> piece;
        std::uint64_t done = 0;
        while (copy.open() && done < size) {
            const ssize_t length =
                pread(file_.number(), piece.data(), std::min<std::uint64_t>(piece.size(), size - done),
                      static_cast<off_t>(done));
            if (length <= 0 || pwrite(copy.number(), piece.data(), static_cast<std::size_t>(length),
                                      static_cast<off_t>(done)) != length) {
                break;
            }
            done += static_cast<std::uint64_t>(length);
        }
        if (!copy.open() || done < std::min<std::uint64_t>(size, file_size())) {
            throw CannotAttach(kOwnFailure,
                               fmt::format("--keep: cannot write {}: {}; what was recorded is in {}",
                                           to.string(), error_text(errno), seen_.string()));
        }
    }

    // Removes the path if it is still this file.
    void remove() const {
        struct stat mine {};
        struct stat there {};
        if (fstat(file_.number(), &mine) == 0 &&
            fstatat(folder_.number(), seen_.filename().c_str(), &there, AT_SYMLINK_NOFOLLOW) == 0 &&
            mine.st_dev == there.st_dev && mine.st_ino == there.st_ino) {
            unlinkat(folder_.number(), seen_.filename().c_str(), 0);
        }
    }

    fs::path name() const { return seen_.filename(); }

  private:
    profile_format::FileHeader header() const {
        profile_format::FileHeader header{};
        return pread(file_.number(), &header, sizeof header, 0) == static_cast<ssize_t>(sizeof header)
                   ? header
                   : profile_format::FileHeader{};
    }
    bool has_magic() const { return header().magic == profile_format::kMagic; }
    std::uint64_t file_size() const {
        struct stat facts {};
        return fstat(file_.number(), &facts) == 0 ? static_cast<std::uint64_t>(facts.st_size) : 0;
    }

    fs::path seen_; // path as the process sees it
    Descriptor folder_;
    Descriptor file_;
};

// Waits for the process, its end, an interrupt or a time limit.
class Waiting {
  public:
    Waiting(const Subject& subject, const machine::Interrupt& interrupt, std::optional<double> seconds)
        : interrupt_(interrupt), end_(subject.end()), seconds_(seconds) {
        start_again();
    }

    void start_again() {
        if (seconds_) {
            until_ = Clock::now() +
                     std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(*seconds_));
        }
    }
    bool is_over() const { return interrupt_.requested() || Clock::now() >= until_; }
    // Waits `most` at most, less if the process ends or an interrupt arrives.
    void rest(std::chrono::milliseconds most) const {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(until_ - Clock::now());
        std::array<pollfd, 2> wait{pollfd{.fd = interrupt_.number(), .events = POLLIN, .revents = 0},
                                   pollfd{.fd = end_.number(), .events = POLLIN, .revents = 0}};
        poll(wait.data(), wait.size(),
             static_cast<int>(std::clamp(left, std::chrono::milliseconds(0), most).count()));
    }

  private:
    const machine::Interrupt& interrupt_;
    Descriptor end_;
    std::optional<double> seconds_;
    Clock::time_point until_ = Clock::time_point::max();
};

constexpr std::chrono::milliseconds kOften{5};
constexpr std::chrono::milliseconds kNowAndThen{100};

void refuse_if_it_records(const Subject& subject, const ProfileState& state) {
    const bool may_take_over = state.is_for_request || state.requested != state.taken;
    if (state.is_on() && !state.path.empty() && !may_take_over) {
        throw CannotAttach(
            kSomethingFailed,
            fmt::format("{} records already, by its settings, a signal or itself; `ashlar profile "
                        "/proc/{}/root{}` shows what there is so far",
                        named(subject), subject.process(), state.path));
    }
}

// Waits until the process has begun a file for the request. Returns the path of the file.
std::string wait_for_file(const Subject& subject, const ProfileSwitch& lever, std::uint32_t number,
                          const Waiting& waiting, const AttachPlan& plan) {
    for (;;) {
        const auto state = lever.read();
        if (!state) {
            throw CannotAttach(kOwnFailure,
                               fmt::format("{} ended before it recorded anything", named(subject)));
        }
        if (state->taken == number) {
            if (state->error != 0) {
                throw CannotAttach(
                    kOwnFailure,
                    fmt::format("{} cannot create {}: {}; name a folder that it can write to, as it sees it, "
                                "with --place",
                                named(subject), state->path, error_text(state->error)));
            }
            return state->path;
        }
        if (state->requested != number) {
            throw CannotAttach(kOwnFailure, fmt::format("another `ashlar profile --pid {}` came in between",
                                                        subject.process()));
        }
        if (waiting.is_over()) {
            lever.stop(number);
            throw CannotAttach(
                kOwnFailure,
                fmt::format("nothing was recorded: {} takes notice when one of its threads has asked for 512 "
                            "KiB, and none has{}",
                            named(subject),
                            plan.seconds
                                ? fmt::format(" in {:g} seconds; give it more --seconds", *plan.seconds)
                                : std::string(" so far")));
        }
        waiting.rest(kOften);
    }
}

// Waits until the time is over or the recording ends early. Returns why it ended early, or an empty text.
std::string wait_for_end(const Subject& subject, const ProfileSwitch& lever, std::uint32_t number,
                         const RecordedFile& file, const Waiting& waiting) {
    while (!waiting.is_over()) {
        const auto state = lever.read();
        if (!state) {
            return fmt::format("{} has ended or executed another program", named(subject));
        }
        if (state->requested != number) {
            return fmt::format("another `ashlar profile --pid {}` took over", subject.process());
        }
        if (!state->is_on()) {
            return fmt::format("{} has ended recording itself", named(subject));
        }
        if (file.is_full()) {
            return "the file may have no more (--limit)";
        }
        waiting.rest(kNowAndThen);
    }
    return "";
}

// Switches the profiler off. A thread that allocates writes the last records. Idle threads are given 1 s.
void switch_off(const ProfileSwitch& lever, std::uint32_t number) {
    constexpr std::chrono::seconds kPatience{1};
    const auto until = Clock::now() + kPatience;
    lever.stop(number);
    for (auto state = lever.read();
         state && state->requested == number && state->control == ASHLAR_PROFILE_STOP && Clock::now() < until;
         state = lever.read()) {
        poll(nullptr, 0, static_cast<int>(kOften.count()));
    }
}

fs::path keeping_folder(const std::string& named_folder) {
    std::error_code error;
    fs::create_directories(named_folder, error);
    if (!fs::is_directory(named_folder) || access(named_folder.c_str(), W_OK) != 0) {
        throw std::invalid_argument(
            fmt::format("--keep: {} is no folder that can be written to", named_folder));
    }
    return fs::absolute(named_folder);
}

} // namespace

AttachedRun::AttachedRun(const AttachPlan& plan, const machine::Interrupt& interrupt) {
    const fs::path keep = plan.keep.empty() ? fs::path() : keeping_folder(plan.keep);
    const Subject subject(plan.process);
    check_subject(subject);
    const ProfileSwitch lever(subject);
    check_switch(subject, lever.found());
    root_ = other_root(subject.files());
    process_started_ = now_on(CLOCK_REALTIME) - now_on(CLOCK_BOOTTIME) +
                       subject.start_time() * (kSecond / static_cast<std::uint64_t>(sysconf(_SC_CLK_TCK)));
    if (const auto state = lever.read()) {
        refuse_if_it_records(subject, *state);
    }
    const auto number =
        lever.record({.rate = plan.rate, .limit = plan.limit, .cpu = plan.cpu, .place = plan.place});
    if (!number) {
        throw CannotAttach(kSomethingFailed, fmt::format("{} has ended", named(subject)));
    }
    Waiting waiting(subject, interrupt, plan.seconds);
    const std::string path = wait_for_file(subject, lever, *number, waiting, plan);
    try {
        RecordedFile file(subject, path_of(root_), path);
        say(fmt::format("recording {}{}", named(subject),
                        plan.seconds ? fmt::format(" for {:g} seconds", *plan.seconds)
                                     : std::string(" until Ctrl-C")));
        waiting.start_again();
        const std::string why = wait_for_end(subject, lever, *number, file, waiting);
        end_ = now_on(CLOCK_MONOTONIC);
        switch_off(lever, *number);
        is_switched_off_ = why.empty();
        if (!why.empty()) {
            say(why);
        }
        if (!keep.empty()) {
            file_ = keep / file.name();
            file.copy_to(file_);
        }
        file.remove();
        opened_ = file.take();
        file_ = file_.empty() ? fs::path(path_of(opened_)) : file_;
    } catch (const std::exception&) {
        lever.stop(*number);
        throw;
    }
}

profile::Recording AttachedRun::read() const {
    profile::Recording recording = profile::read_recording(file_);
    recording.root = path_of(root_);
    recording.process_started_realtime = process_started_;
    recording.end = std::max(recording.end, end_);
    if (is_switched_off_ && recording.state == profile_format::State::kRecording) {
        recording.state = profile_format::State::kStopped; // an idle process has not written this
    }
    return recording;
}

} // namespace ashlar::commands
