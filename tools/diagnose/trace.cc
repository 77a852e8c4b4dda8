// SPDX-License-Identifier: MIT
#include "diagnose/trace.h"

#include "diagnose/last_words.h"
#include "machine/descriptor.h"
#include "machine/files.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <fcntl.h>
#include <filesystem>
#include <map>
#include <poll.h>
#include <set>
#include <string_view>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>

namespace ashlar::diagnose {

namespace {

using Clock = std::chrono::steady_clock;
using machine::Descriptor;
using std::chrono::milliseconds;

constexpr milliseconds kFirstPause{2};
constexpr milliseconds kLongestPause{100};
// A killed command may stay in the kernel for a while. After this time it is abandoned.
constexpr std::chrono::seconds kEndOfPatience{10};

constexpr long kTraceOptions =
    PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACEEXEC | PTRACE_O_TRACEEXIT;

// Signals to this process that are passed on to the command.
constexpr std::array kPassedOn{SIGHUP,  SIGINT,  SIGQUIT, SIGTERM, SIGUSR1,
                               SIGUSR2, SIGALRM, SIGTSTP, SIGCONT, SIGWINCH};

sigset_t awaited_signals() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGCHLD);
    for (const int signal : kPassedOn) {
        sigaddset(&signals, signal);
    }
    return signals;
}

// Blocks the signals, so that wait() can take them one by one.
class HeldSignals {
  public:
    HeldSignals() { pthread_sigmask(SIG_BLOCK, &held_, &before_); }
    ~HeldSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
    HeldSignals(const HeldSignals&) = delete;
    HeldSignals& operator=(const HeldSignals&) = delete;

    const sigset_t& before() const { return before_; }

    // Returns the next signal, or nothing after `longest`. Without `longest`, waits without limit.
    std::optional<siginfo_t> wait(std::optional<milliseconds> longest) const {
        siginfo_t signal{};
        const auto count = longest ? std::max<std::int64_t>(longest->count(), 0) : 0;
        const timespec time{.tv_sec = count / 1000, .tv_nsec = count % 1000 * 1'000'000};
        const int number = longest ? sigtimedwait(&held_, &signal, &time) : sigwaitinfo(&held_, &signal);
        return number > 0 ? std::optional(signal) : std::nullopt;
    }

  private:
    sigset_t held_ = awaited_signals();
    sigset_t before_{};
};

std::array<Descriptor, 2> make_pipe() {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) {
        throw std::system_error(errno, std::generic_category(), "pipe");
    }
    return {Descriptor(ends[0]), Descriptor(ends[1])};
}

void replace_streams(const Watching& watching, int errors) {
    const int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    dup2(nothing, STDIN_FILENO);
    dup2(watching.shows_output ? STDERR_FILENO : nothing, STDOUT_FILENO);
    if (!watching.shows_output) {
        dup2(errors, STDERR_FILENO);
    }
}

// Runs in the child: waits until it is traced, then executes the command.
[[noreturn]] void become(std::vector<std::string>& command, const Watching& watching, const sigset_t& signals,
                         int go, int failure, int errors) {
    char ready = 0;
    while (read(go, &ready, 1) < 0 && errno == EINTR) {
    }
    if (watching.is_look) {
        setpgid(0, 0);
        replace_streams(watching, errors);
    }
    std::vector<char*> arguments;
    arguments.reserve(command.size() + 1);
    for (std::string& argument : command) {
        arguments.push_back(argument.data());
    }
    arguments.push_back(nullptr);
    pthread_sigmask(SIG_SETMASK, &signals, nullptr);
    execvp(arguments[0], arguments.data());
    const int error = errno;
    while (write(failure, &error, sizeof error) < 0 && errno == EINTR) {
    }
    _exit(127);
}

pid_t number_of(const std::filesystem::path& folder) {
    const std::string name = folder.filename();
    return name.find_first_not_of("0123456789") == std::string::npos ? std::stoi(name) : 0;
}

class Observer {
  public:
    Observer(std::vector<std::string> command, const Watching& watching)
        : watching_(watching), failure_(make_pipe()) {
        if (watching.time_limit) {
            deadline_ = Clock::now() + *watching.time_limit;
        }
        start(command);
    }

    Observation follow() {
        while (!over_) {
            const auto signal = signals_.wait(patience());
            if (signal && signal->si_signo != SIGCHLD) {
                pass_on(*signal);
            }
            reap();
            if (!over_ && result_.method == Observation::Method::kSampled) {
                take_samples();
            }
            if (!over_ && deadline_ && Clock::now() >= *deadline_) {
                time_is_up();
            }
        }
        finish();
        result_.errors = errors_.end();
        return std::move(result_);
    }

  private:
    void start(std::vector<std::string>& command) {
        auto go = make_pipe();
        command_ = fork();
        if (command_ < 0) {
            throw std::system_error(errno, std::generic_category(), "fork");
        }
        if (command_ == 0) {
            go[1].close();
            become(command, watching_, signals_.before(), go[0].number(), failure_[1].number(),
                   errors_.write_end());
        }
        errors_.begin();
        failure_[1].close();
        const long options = kTraceOptions | (watching_.is_look ? PTRACE_O_EXITKILL : 0);
        if (ptrace(PTRACE_SEIZE, command_, nullptr, options) != 0) {
            result_.method = Observation::Method::kSampled;
        }
        if (watching_.is_look || result_.method == Observation::Method::kSampled) {
            // Adopts processes that outlive their parents, which would otherwise be out of reach.
            prctl(PR_SET_CHILD_SUBREAPER, 1);
        }
    }

    // Returns how long to sleep without an event, or nothing for no limit.
    std::optional<milliseconds> patience() const {
        std::optional<milliseconds> longest;
        if (result_.method == Observation::Method::kSampled) {
            longest = pause_;
        }
        if (deadline_) {
            const auto left = std::chrono::ceil<milliseconds>(*deadline_ - Clock::now());
            longest = longest ? std::min(*longest, left) : left;
        }
        return longest;
    }

    void pass_on(const siginfo_t& signal) {
        if (watching_.is_look) {
            if (signal.si_signo == SIGINT || signal.si_signo == SIGTERM || signal.si_signo == SIGHUP) {
                result_.ended_by = signal.si_signo;
                look_and_end();
            }
        } else if (signal.si_code != SI_KERNEL) { // the terminal sends its signals to the command directly
            kill(command_, signal.si_signo);
        }
    }

    void reap() {
        int status = 0;
        pid_t changed = 0;
        while (!over_ && (changed = waitpid(-1, &status, __WALL | WNOHANG | WUNTRACED)) > 0) {
            if (!WIFSTOPPED(status)) {
                ended(changed, status);
            } else if (result_.method == Observation::Method::kTraced) {
                stopped(changed, status);
            } else if (changed == command_) {
                stop_with_command();
            }
        }
        over_ = over_ || (changed < 0 && errno == ECHILD);
    }

    void ended(pid_t process, int status) {
        if (const auto found = current_.find(process); found != current_.end()) {
            program(found->second).fate = ObservedProgram::Fate::kEnded;
            current_.erase(found);
        }
        if (process == command_) {
            result_.status = status;
            over_ = true;
        }
    }

    // --- traced ---------------------------------------------------------------------------------------

    void stopped(pid_t thread, int status) {
        const int signal = WSTOPSIG(status);
        const int event = status >> 16;
        if (event == PTRACE_EVENT_STOP && signal != SIGTRAP) {
            ptrace(PTRACE_LISTEN, thread, nullptr, nullptr); // stopped by job control, until SIGCONT
            if (thread == command_) {
                stop_with_command();
            }
            return;
        }
        if (event == PTRACE_EVENT_EXEC) {
            executed(thread);
        } else if (event == PTRACE_EVENT_EXIT) {
            look(thread);
        } else if (event == PTRACE_EVENT_STOP) {
            appeared(thread);
        }
        ptrace(PTRACE_CONT, thread, nullptr, event == 0 ? signal : 0);
    }

    // Handles a new thread or process, or one that continues after a stop.
    void appeared(pid_t thread) {
        if (thread == command_ || current_.contains(thread)) {
            return;
        }
        const std::string status =
            machine::read_file("/proc/" + std::to_string(thread) + "/status").value_or("");
        if (status.find("\nTgid:\t" + std::to_string(thread) + "\n") == std::string::npos) {
            return; // a thread, not a process
        }
        if (auto image = read_image(thread)) {
            const auto parent = current_.find(image->parent);
            add(*image, parent == current_.end() ? std::nullopt : std::optional(parent->second));
            forked_.insert(thread);
        }
    }

    void executed(pid_t process) {
        if (auto image = read_image(process)) {
            replace(*image);
        }
    }

    // --- sampled --------------------------------------------------------------------------------------

    void take_samples() {
        if (!has_executed()) {
            return;
        }
        bool any_new = false;
        for (const auto& [process, parent] : descendants()) {
            auto image = read_image(process);
            if (!image || image->path.empty()) {
                continue; // ended
            }
            const auto known = current_.find(process);
            if (known == current_.end()) {
                const auto starter = current_.find(parent);
                if (starter != current_.end() && same_program(program(starter->second).image, *image)) {
                    forked_.insert(process);
                }
                add(*image, starter == current_.end() ? std::nullopt : std::optional(starter->second));
                any_new = true;
            } else if (!same_program(program(known->second).image, *image)) {
                replace(*image);
                any_new = true;
            }
            look(process);
        }
        pause_ = any_new ? kFirstPause : std::min(pause_ * 2, kLongestPause);
    }

    // Returns whether the command was executed. Its exec closes the pipe last.
    bool has_executed() const {
        pollfd end{.fd = failure_[0].number(), .events = 0, .revents = 0};
        return poll(&end, 1, 0) == 1 && (end.revents & POLLHUP) != 0;
    }

    static bool same_program(const ProgramImage& left, const ProgramImage& right) {
        return left.path == right.path && left.arguments == right.arguments && left.preload == right.preload;
    }

    // Returns the processes below this one with their parents, parents first.
    static std::vector<std::pair<pid_t, pid_t>> descendants() {
        std::multimap<pid_t, pid_t> children;
        std::error_code error;
        for (const auto& entry : std::filesystem::directory_iterator("/proc", error)) {
            const pid_t process = number_of(entry.path());
            if (const auto parent = process == 0 ? std::nullopt : parent_of(process)) {
                children.emplace(*parent, process);
            }
        }
        std::vector<std::pair<pid_t, pid_t>> found{{getpid(), 0}};
        for (std::size_t index = 0; index < found.size(); ++index) {
            const pid_t parent = found[index].first;
            const auto [first, last] = children.equal_range(parent);
            for (auto child = first; child != last; ++child) {
                found.emplace_back(child->second, parent);
            }
        }
        found.erase(found.begin());
        return found;
    }

    // --- both -----------------------------------------------------------------------------------------

    void add(const ProgramImage& image, std::optional<std::size_t> started_by) {
        current_[image.process] = result_.programs.size();
        result_.programs.push_back({.image = image,
                                    .started_by = started_by,
                                    .is_traced = result_.method == Observation::Method::kTraced});
    }

    // Records that a process executes another program.
    void replace(const ProgramImage& image) {
        const auto before = current_.find(image.process);
        if (before == current_.end()) {
            add(image, std::nullopt);
        } else if (forked_.erase(image.process) != 0 || is_beginning(program(before->second).image, image)) {
            // Until exec the process was a copy of its parent. During exec it was not complete.
            program(before->second).image = image;
        } else {
            program(before->second).fate = ObservedProgram::Fate::kReplaced;
            add(image, before->second);
        }
    }

    ObservedProgram& program(std::size_t index) { return result_.programs[index]; }

    void look(pid_t process) {
        if (const auto found = current_.find(process); found != current_.end()) {
            LoadedObjects seen = loaded_objects(process);
            LoadedObjects& kept = program(found->second).image.loaded;
            if (seen.known >= kept.known) {
                kept = std::move(seen);
            }
        }
    }

    void look_at_all() {
        for (const auto& [process, index] : current_) {
            look(process);
        }
    }

    // Stops with the command, so that the shell sees a stopped job. Continues the command when this process
    // continues.
    void stop_with_command() {
        if (watching_.is_look) {
            return;
        }
        raise(SIGSTOP);
        kill(command_, SIGCONT);
    }

    void time_is_up() {
        if (being_ended_) {
            over_ = true;
            return;
        }
        result_.timed_out = true;
        look_and_end();
    }

    void look_and_end() {
        if (!being_ended_) {
            look_at_all();
            being_ended_ = true;
            deadline_ = Clock::now() + kEndOfPatience;
            kill(-command_, SIGKILL);
        }
    }

    void finish() {
        if (const ssize_t length = read(failure_[0].number(), &result_.not_run, sizeof result_.not_run);
            length != sizeof result_.not_run) {
            result_.not_run = 0;
        }
        look_at_all(); // processes that outlive the command
        if (watching_.is_look) {
            end_the_rest();
        }
    }

    // Kills all descendants until none is left. A killed process may have forked just before.
    void end_the_rest() {
        const auto end_of_patience = Clock::now() + kEndOfPatience;
        while (Clock::now() < end_of_patience) {
            for (const auto& [process, parent] : descendants()) {
                kill(process, SIGKILL);
            }
            int status = 0;
            pid_t changed = 0;
            while ((changed = waitpid(-1, &status, __WALL | WNOHANG)) > 0) {
                if (WIFSTOPPED(status)) {
                    ptrace(PTRACE_CONT, changed, nullptr, nullptr); // until its exit, which is observed
                }
            }
            if (changed < 0) {
                return; // no child is left
            }
            signals_.wait(kLongestPause);
        }
    }

    const Watching& watching_;
    HeldSignals signals_;
    LastWords errors_;
    std::array<Descriptor, 2> failure_; // reports why the command could not be executed
    std::optional<Clock::time_point> deadline_;
    milliseconds pause_ = kFirstPause;
    pid_t command_ = 0;
    bool being_ended_ = false;
    bool over_ = false;
    std::map<pid_t, std::size_t> current_; // index of the program that each process runs
    std::set<pid_t> forked_;               // processes that have not executed a program yet
    Observation result_;
};

} // namespace

Observation observe(std::vector<std::string> command, const Watching& watching) {
    return Observer(std::move(command), watching).follow();
}

} // namespace ashlar::diagnose
