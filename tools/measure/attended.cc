// SPDX-License-Identifier: MIT
#include "measure/attended.h"

#include "machine/descriptor.h"
#include "machine/terminal.h"
#include "measure/processes.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <poll.h>
#include <spawn.h>
#include <string_view>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

namespace ashlar::measure {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kTimeToEnd{10};  // of a command that received a signal to end
constexpr std::chrono::seconds kTimeForRest{1}; // of orphans that end because the command has
constexpr std::chrono::milliseconds kLookAfter{20};
constexpr int kLeastPause = 10; // multiple of the time of a look

// Blocks SIGCHLD, and makes a descriptor readable when a child ends. Restores the signal mask at the end.
class ChildSignal {
  public:
    ChildSignal() {
        sigset_t child;
        sigemptyset(&child);
        sigaddset(&child, SIGCHLD);
        pthread_sigmask(SIG_BLOCK, &child, &before_);
        descriptor_ = machine::Descriptor(signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK));
    }
    ~ChildSignal() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
    ChildSignal(const ChildSignal&) = delete;
    ChildSignal& operator=(const ChildSignal&) = delete;

    int number() const { return descriptor_.number(); }
    void take() const {
        signalfd_siginfo information{};
        while (read(number(), &information, sizeof information) > 0) {
        }
    }

  private:
    sigset_t before_{};
    machine::Descriptor descriptor_;
};

// Makes this program the new parent of orphaned descendants (the subreaper).
class Adoption {
  public:
    explicit Adoption(bool wanted) : wanted_(wanted) { set(1); }
    ~Adoption() { set(0); }
    Adoption(const Adoption&) = delete;
    Adoption& operator=(const Adoption&) = delete;

  private:
    void set(unsigned long on) const {
        if (wanted_) {
            prctl(PR_SET_CHILD_SUBREAPER, on, 0, 0, 0);
        }
    }

    bool wanted_;
};

std::string_view name_of(std::string_view entry) {
    return entry.substr(0, entry.find('=') + 1);
}

int spawn(const Attendance& attendance, pid_t& pid) {
    std::vector<std::string> words = attendance.command;
    std::vector<char*> arguments;
    arguments.reserve(words.size() + 1);
    for (std::string& word : words) {
        arguments.push_back(word.data());
    }
    arguments.push_back(nullptr);
    std::vector<std::string> given = attendance.environment;
    std::vector<char*> environment;
    for (char** entry = environ; *entry != nullptr; ++entry) {
        const bool replaced = std::any_of(given.begin(), given.end(), [&](const std::string& each) {
            return name_of(each) == name_of(*entry);
        });
        if (!replaced) {
            environment.push_back(*entry);
        }
    }
    for (std::string& each : given) {
        environment.push_back(each.data());
    }
    environment.push_back(nullptr);

    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t none; // the command must not inherit this program's blocked signals
    sigemptyset(&none);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    const int error =
        posix_spawnp(&pid, arguments[0], nullptr, &attributes, arguments.data(), environment.data());
    posix_spawnattr_destroy(&attributes);
    return error;
}

// Kills the last processes first, so that no parent restarts its child.
void kill_all(const std::vector<pid_t>& processes) {
    std::for_each(processes.rbegin(), processes.rend(), [](pid_t each) { kill(each, SIGKILL); });
}

class Watch {
  public:
    Watch(const Attendance& attendance, const machine::Interrupt& interrupt)
        : attendance_(attendance), interrupt_(interrupt), adoption_(attendance.on_look != nullptr) {
        if (attendance.time_limit) {
            deadline_ = Clock::now() + *attendance.time_limit;
        }
    }

    Attended follow() {
        result_.error = spawn(attendance_, pid_);
        while (result_.error == 0 && !has_ended()) {
            wait_for_news();
            child_.take();
            look_if_due();
            if (interrupt_.requested() && !asked_) {
                ask_to_end();
            } else if (deadline_ && Clock::now() >= *deadline_) {
                time_is_up();
            }
        }
        result_.process = pid_;
        result_.end = std::chrono::steady_clock::now();
        if (result_.error == 0 && attendance_.on_look) {
            wait_for_rest();
        }
        return result_;
    }

  private:
    bool has_ended() {
        if (!attendance_.on_look) {
            return waitpid(pid_, &result_.status, WNOHANG) == pid_;
        }
        bool ended = false;
        int status = 0;
        for (pid_t each = 0; (each = waitpid(-1, &status, WNOHANG)) > 0;) {
            if (each == pid_) {
                ended = true;
                result_.status = status;
            }
        }
        return ended;
    }

    void look_if_due() {
        const Clock::time_point begin = Clock::now();
        if (attendance_.on_look && begin >= next_look_) {
            attendance_.on_look(descendants(getpid()));
            const Clock::time_point end = Clock::now();
            next_look_ = end + std::max<Clock::duration>(kLookAfter, kLeastPause * (end - begin));
        }
    }

    void wait_for_rest() {
        deadline_ = result_.end + kTimeForRest;
        next_look_ = Clock::time_point::max();
        asked_ = true; // there is no command to ask any more
        const auto rest = [&] {
            has_ended(); // reaps all ended children
            return descendants(getpid());
        };
        while (!(result_.outlived_by = rest()).empty() && Clock::now() < *deadline_) {
            wait_for_news();
            child_.take();
        }
    }

    void wait_for_news() const {
        std::array sources{pollfd{.fd = child_.number(), .events = POLLIN, .revents = 0},
                           pollfd{.fd = asked_ ? -1 : interrupt_.number(), .events = POLLIN, .revents = 0}};
        int timeout = -1;
        if (deadline_ || attendance_.on_look) {
            Clock::time_point next = deadline_.value_or(Clock::time_point::max());
            if (attendance_.on_look) {
                next = std::min(next, next_look_);
            }
            const auto left = std::chrono::ceil<std::chrono::milliseconds>(next - Clock::now()).count();
            timeout = static_cast<int>(std::clamp<long>(left, 0, 1'000'000));
        }
        poll(sources.data(), sources.size(), timeout);
    }

    void ask_to_end() {
        asked_ = true;
        deadline_ = Clock::now() + kTimeToEnd;
        // The terminal has sent Ctrl-C to the command already, because both are in its foreground.
        if (interrupt_.signal() != SIGINT || !machine::is_terminal(stdin)) {
            kill(pid_, interrupt_.signal());
        }
    }

    void time_is_up() {
        std::vector<pid_t> all = descendants(attendance_.on_look ? getpid() : pid_);
        if (!attendance_.on_look) {
            all.insert(all.begin(), pid_);
        }
        if (!asked_) {
            result_.timed_out = true;
            try {
                attendance_.on_time_out(all);
            } catch (...) { // the command must not outlive this program
                kill_all(all);
                throw;
            }
        }
        kill_all(all);
        deadline_.reset();
    }

    const Attendance& attendance_;
    const machine::Interrupt& interrupt_;
    ChildSignal child_;
    Adoption adoption_;
    Clock::time_point next_look_{};
    std::optional<Clock::time_point> deadline_;
    pid_t pid_ = 0;
    bool asked_ = false;
    Attended result_;
};

} // namespace

Attended attend(const Attendance& attendance, const machine::Interrupt& interrupt) {
    return Watch(attendance, interrupt).follow();
}

} // namespace ashlar::measure
