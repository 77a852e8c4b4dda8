// SPDX-License-Identifier: MIT
#include "measure/child.h"

#include "machine/facts.h"
#include "machine/files.h"
#include "measure/launch_message.h"
#include "measure/processes.h"
#include "measure/rss_curve.h"
#include "measure/thread_times.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdexcept>
#include <string_view>
#include <sys/wait.h>
#include <system_error>

namespace ashlar::measure {

namespace {

using Clock = std::chrono::steady_clock;
using machine::Descriptor;

// Time for a killed command to end. It may be stuck in the kernel, and is abandoned after this.
constexpr std::chrono::seconds kEndOfPatience{10};
constexpr std::chrono::seconds kTimeToStop{5}; // time for a command that was asked to end
constexpr std::size_t kKeptOutput = std::size_t{64} * 1024;
constexpr int kPartsAtOnce = 8;

struct Pipe {
    Descriptor reader;
    Descriptor writer;
};

Pipe make_pipe() {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) {
        throw std::system_error(errno, std::generic_category(), "pipe");
    }
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    return {Descriptor(ends[0]), Descriptor(ends[1])};
}

// Reads at most as much as a pipe holds, so that the clock is checked even while gigabytes arrive. Keeps the
// end of the output. Closes the descriptor at its end.
void drain(Descriptor& source, std::string& kept) {
    std::array<char, 16384> part{};
    for (int parts = 0; source.open() && parts < kPartsAtOnce; ++parts) {
        const ssize_t length = read(source.number(), part.data(), part.size());
        if (length > 0) {
            kept.append(part.data(), static_cast<std::size_t>(length));
            if (kept.size() > 2 * kKeptOutput) {
                kept.erase(0, kept.size() - kKeptOutput);
            }
        } else if (length == 0) {
            source.close();
        } else if (errno != EINTR) {
            return;
        }
    }
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
    std::vector<char*> result;
    result.reserve(strings.size() + 1);
    for (std::string& each : strings) {
        result.push_back(each.data());
    }
    result.push_back(nullptr);
    return result;
}

// "NAME=value" -> "NAME="
std::string_view name_of(std::string_view entry) {
    return entry.substr(0, entry.find('=') + 1);
}

// Returns our environment with the values in `given` replaced, without our LD_PRELOAD: see Command::preload.
std::vector<char*> environment(std::vector<std::string>& given) {
    std::vector<char*> result;
    for (char** entry = environ; *entry != nullptr; ++entry) {
        const std::string_view name = name_of(*entry);
        const bool replaced = std::any_of(given.begin(), given.end(),
                                          [&](const std::string& each) { return name_of(each) == name; });
        if (name != "LD_PRELOAD=" && !replaced) {
            result.push_back(*entry);
        }
    }
    for (std::string& each : given) {
        result.push_back(each.data());
    }
    result.push_back(nullptr);
    return result;
}

struct Pipes {
    Pipe report = make_pipe();
    Pipe output = make_pipe();
    Pipe errors = make_pipe();
};

pid_t spawn_launcher(const Command& command, const Pipes& pipes) {
    const auto launcher = machine::find_companion("ashlar-launcher");
    if (!launcher) {
        throw std::runtime_error("ashlar-launcher is missing beside this program in " +
                                 machine::program_folder().string());
    }
    std::vector<std::string> arguments{launcher->string(), command.is_service ? "service" : "command",
                                       command.prove_preload ? "prove" : "plain", command.preload,
                                       command.processor ? std::to_string(*command.processor) : ""};
    arguments.insert(arguments.end(), command.arguments.begin(), command.arguments.end());
    std::vector<std::string> given = command.environment;

    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, pipes.output.writer.number(), STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, pipes.errors.writer.number(), STDERR_FILENO);
    posix_spawn_file_actions_adddup2(&actions, pipes.report.writer.number(), kLaunchReport);

    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t blocked; // the launcher waits for these signals; the command gets none blocked
    sigemptyset(&blocked);
    sigaddset(&blocked, kKill);
    sigaddset(&blocked, kAskToEnd);
    posix_spawnattr_setsigmask(&attributes, &blocked);
    posix_spawnattr_setpgroup(&attributes, 0); // Ctrl-C reaches only this program, which ends the command
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);

    pid_t pid = 0;
    const int error = posix_spawn(&pid, launcher->c_str(), &actions, &attributes, pointers(arguments).data(),
                                  environment(given).data());
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    if (error != 0) {
        throw std::system_error(error, std::generic_category(), "starting " + launcher->string());
    }
    return pid;
}

double seconds(const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
}

Usage usage_of(const LaunchMessage& message) {
    const auto count = [](long value) { return static_cast<std::uint64_t>(value); };
    return {
        .wall_seconds = static_cast<double>(message.wall_nanoseconds) * 1e-9,
        .user_seconds = seconds(message.usage.ru_utime),
        .system_seconds = seconds(message.usage.ru_stime),
        .peak_rss_kib = count(message.usage.ru_maxrss),
        .minor_faults = count(message.usage.ru_minflt),
        .major_faults = count(message.usage.ru_majflt),
        .voluntary_switches = count(message.usage.ru_nvcsw),
        .involuntary_switches = count(message.usage.ru_nivcsw),
        .stolen_seconds = 0,
    };
}

bool readable(int number) {
    pollfd wait{.fd = number, .events = POLLIN, .revents = 0};
    return number >= 0 && poll(&wait, 1, 0) == 1;
}

// Follows one launcher from its start to its end.
class Watch {
  public:
    Watch(const Command& command, const Supervision& supervision)
        : supervision_(supervision), launcher_(spawn_launcher(command, pipes_)),
          deadline_(Clock::now() + supervision.time_limit) {
        for (Pipe* pipe : {&pipes_.report, &pipes_.output, &pipes_.errors}) {
            pipe->writer.close();
        }
    }

    Run follow() {
        while (!over_) {
            wait_for_news();
            look();
            drain(pipes_.output.reader, run_.output);
            drain(pipes_.errors.reader, run_.errors);
            take_messages();
            if (!over_ && !being_ended_ && interrupted()) {
                end_command(Ending::kInterrupted, kKill);
            } else if (!over_ && !being_ended_ && readable(supervision_.stop)) {
                end_command(Ending::kStopped, kAskToEnd);
            } else if (!over_ && Clock::now() >= deadline_) {
                time_is_up();
            }
        }
        drain(pipes_.output.reader, run_.output);
        drain(pipes_.errors.reader, run_.errors);
        while (waitpid(launcher_, nullptr, 0) < 0 && errno == EINTR) {
        }
        if (supervision_.follow_rss) {
            run_.rss_over_time = rss_.points();
        }
        run_.idle_seconds = threads_.idle_seconds();
        return std::move(run_);
    }

  private:
    bool interrupted() const {
        return supervision_.interrupt != nullptr && supervision_.interrupt->requested();
    }

    void wait_for_news() {
        // poll ignores negative numbers: closed descriptors, and those not needed any more.
        const int interrupt =
            supervision_.interrupt != nullptr && !being_ended_ ? supervision_.interrupt->number() : -1;
        std::array<pollfd, 5> sources{};
        const std::array numbers{pipes_.report.reader.number(), pipes_.output.reader.number(),
                                 pipes_.errors.reader.number(), interrupt,
                                 being_ended_ ? -1 : supervision_.stop};
        for (std::size_t index = 0; index < sources.size(); ++index) {
            sources[index] = {.fd = numbers[index], .events = POLLIN, .revents = 0};
        }
        const Clock::time_point next = looks() ? std::min(deadline_, rss_.due()) : deadline_;
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(next - Clock::now()).count();
        poll(sources.data(), sources.size(), static_cast<int>(std::clamp<long>(left, 0, 1'000'000)));
    }

    bool looks() const {
        return (supervision_.follow_rss || supervision_.follow_threads) && started_ && !being_ended_;
    }

    void look() {
        if (!looks() || Clock::now() < rss_.due()) {
            return;
        }
        const std::vector<pid_t> processes = descendants(launcher_);
        rss_.look(processes);
        if (supervision_.follow_threads) {
            threads_.look(processes);
        }
    }

    void take_messages() {
        LaunchMessage message{};
        ssize_t length = 0;
        while (!over_ && (length = read(pipes_.report.reader.number(), &message, sizeof message)) != 0) {
            if (length == sizeof message) {
                take(message);
            } else if (errno == EAGAIN) {
                return;
            }
        }
        over_ = true; // end of the messages; without kEnded the launcher died, and the run is lost
    }

    void take(const LaunchMessage& message) {
        switch (message.kind) {
        case LaunchMessage::Kind::kStarted:
            started_ = true;
            rss_.start();
            if (supervision_.on_start) {
                supervision_.on_start(launcher_);
            }
            break;
        case LaunchMessage::Kind::kNotRun:
            run_.ending = Ending::kNotRun;
            run_.code = message.error;
            not_run_ = true;
            break;
        case LaunchMessage::Kind::kSeen:
            run_.images.push_back({.name = message.name.data(),
                                   .executable = message.executable.data(),
                                   .preload_mapped = message.preload_mapped,
                                   .other_allocator = message.other_allocator.data(),
                                   .cpu_seconds = seconds(message.usage.ru_utime),
                                   .peak_rss_kib = static_cast<std::uint64_t>(message.usage.ru_maxrss)});
            break;
        case LaunchMessage::Kind::kCommandEnded:
            if (!being_ended_ && (message.status != 0 || supervision_.on_command_end)) {
                if (message.status == 0) {
                    supervision_.on_command_end(launcher_);
                } // after a failure its descendants are useless
                take_status(message.status);
                end_command(run_.ending, kKill);
            }
            break;
        case LaunchMessage::Kind::kEnded:
            run_.usage = usage_of(message);
            if (!being_ended_ && !not_run_) { // otherwise the reason is already known
                take_status(message.status);
            }
            over_ = true;
            break;
        }
    }

    void take_status(int status) {
        const bool exited = WIFEXITED(status);
        run_.ending = exited ? Ending::kExited : Ending::kSignalled;
        run_.code = exited ? WEXITSTATUS(status) : WTERMSIG(status);
    }

    void time_is_up() {
        if (asked_) {
            end_command(Ending::kStopped, kKill);
            return;
        }
        if (being_ended_) {
            run_.ending = Ending::kLost;
            kill(launcher_, SIGKILL);
            over_ = true;
            return;
        }
        if (supervision_.on_time_out && started_) {
            supervision_.on_time_out(descendants(launcher_));
        }
        end_command(Ending::kTimedOut, kKill);
    }

    void end_command(Ending reason, int signal) {
        being_ended_ = true;
        asked_ = signal == kAskToEnd;
        run_.ending = reason;
        deadline_ = Clock::now() + (asked_ ? kTimeToStop : kEndOfPatience);
        kill(launcher_, signal);
    }

    const Supervision& supervision_;
    Pipes pipes_;
    pid_t launcher_;
    Clock::time_point deadline_;
    bool started_ = false;
    bool being_ended_ = false;
    bool asked_ = false; // was asked to end, and not killed yet
    bool not_run_ = false;
    bool over_ = false;
    RssCurve rss_;
    ThreadTimes threads_;
    Run run_;
};

} // namespace

Run run(const Command& command, const Supervision& supervision) {
    const double stolen_before = machine::stolen_seconds();
    Run result = Watch(command, supervision).follow();
    result.usage.stolen_seconds = machine::stolen_seconds() - stolen_before;
    return result;
}

std::string last_line(const std::string& text) {
    const auto end = text.find_last_not_of('\n');
    if (end == std::string::npos) {
        return "";
    }
    const auto start = text.rfind('\n', end);
    return text.substr(start + 1, end - start); // npos + 1 is 0
}

std::string describe_ending(const Run& run) {
    switch (run.ending) {
    case Ending::kExited:
        return "exit status " + std::to_string(run.code);
    case Ending::kSignalled: {
        const char* const name = sigabbrev_np(run.code);
        const char* const meaning = sigdescr_np(run.code);
        return std::string("killed by SIG") + (name != nullptr ? name : std::to_string(run.code)) +
               (meaning != nullptr ? std::string(" (") + meaning + ")" : "");
    }
    case Ending::kTimedOut:
        return "timed out";
    case Ending::kInterrupted:
        return "interrupted";
    case Ending::kStopped:
        return "stopped";
    case Ending::kNotRun:
        return "could not be run: " + std::generic_category().message(run.code);
    case Ending::kLost:
        break;
    }
    return "lost: it did not end when it was killed, or its launcher died";
}

} // namespace ashlar::measure
