// SPDX-License-Identifier: MIT
#include "measure/prepared.h"

#include "measure/processes.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <future>
#include <sys/eventfd.h>
#include <system_error>

namespace ashlar::measure {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kTimeToBeReady{30};
constexpr std::chrono::milliseconds kBetweenLooks{5};
constexpr std::chrono::seconds kSpare{60}; // after the command's own limit

// Without those that only started others, such as a shell: kept are the largest process, and all that took a
// tenth of the CPU time or more.
std::vector<Image> those_that_matter(std::vector<Image> images) {
    constexpr double kShare = 0.1;
    double all = 0;
    std::uint64_t largest = 0;
    for (const Image& image : images) {
        all += image.cpu_seconds;
        largest = std::max(largest, image.peak_rss_kib);
    }
    std::erase_if(images, [&](const Image& image) {
        return image.peak_rss_kib < largest && image.cpu_seconds <= kShare * all;
    });
    return images;
}

// A server for the length of one run, followed by a thread of its own.
class Server {
  public:
    Server(const Command& command, const Supervision& supervision)
        : supervision_(supervision), stop_(eventfd(0, EFD_CLOEXEC)) {
        if (!stop_.open()) {
            throw std::system_error(errno, std::generic_category(), "eventfd");
        }
        const Supervision own{.time_limit = kTimeToBeReady + supervision.time_limit + kSpare,
                              .follow_rss = supervision.follow_rss,
                              .on_start = [this](pid_t root) { root_ = root; },
                              .stop = stop_.number()};
        Command service = command;
        service.is_service = true;
        end_ = std::async(std::launch::async, [service, own] { return run(service, own); });
    }

    ~Server() {
        if (end_.valid()) {
            ask_to_end(); // what ran beside it threw; the future waits
        }
    }
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    // Until it has ended, listens, or there is no more reason to wait.
    void wait_until_ready() {
        const Clock::time_point limit =
            Clock::now() + std::min<Clock::duration>(kTimeToBeReady, supervision_.time_limit);
        while (end_.wait_for(kBetweenLooks) == std::future_status::timeout) {
            if (any_listens(processes())) {
                return;
            }
            if (supervision_.interrupt != nullptr && supervision_.interrupt->requested()) {
                return; // the command's own run will see it
            }
            if (Clock::now() >= limit) {
                look_at_hang();
                trouble_ = "it neither ended nor listened on a socket in time";
                return;
            }
        }
        take_end();
        if (!run_->succeeded()) {
            trouble_ = describe_ending(*run_) + last_words();
        }
    }

    void look_at_hang() const {
        if (const std::vector<pid_t> left = processes(); supervision_.on_time_out && !left.empty()) {
            supervision_.on_time_out(left);
        }
    }

    bool ready() const { return trouble_.empty(); }

    // Ends it if it is still there, and adds what it used to the run of the command.
    PreparedRun join(Run command) {
        const bool was_step = run_.has_value();
        bool died = !was_step && end_.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
        if (!was_step) {
            ask_to_end();
            take_end();
            died |= run_->ending == Ending::kExited && !run_->succeeded();
        }
        if (died) {
            trouble_ = "it ended during the run: " + describe_ending(*run_) + last_words();
        }
        if (!was_step) {
            add(command);
        }
        if (!trouble_.empty()) {
            command.output = run_->output;
            command.errors = run_->errors;
        }
        return {.run = std::move(command), .trouble = trouble_};
    }

  private:
    std::vector<pid_t> processes() const { return root_ > 0 ? descendants(root_) : std::vector<pid_t>{}; }

    void ask_to_end() const { eventfd_write(stop_.number(), 1); }

    void take_end() { run_ = end_.get(); }

    std::string last_words() const { return run_->errors.empty() ? "" : ": " + last_line(run_->errors); }

    void add(Run& to) const {
        Usage& sum = to.usage;
        const Usage& own = run_->usage;
        sum.user_seconds += own.user_seconds;
        sum.system_seconds += own.system_seconds;
        sum.peak_rss_kib = std::max(sum.peak_rss_kib, own.peak_rss_kib);
        sum.minor_faults += own.minor_faults;
        sum.major_faults += own.major_faults;
        sum.voluntary_switches += own.voluntary_switches;
        sum.involuntary_switches += own.involuntary_switches;
        to.rss_over_time = run_->rss_over_time;
        const std::vector<Image> images = those_that_matter(run_->images);
        to.images.insert(to.images.end(), images.begin(), images.end());
    }

    const Supervision& supervision_;
    machine::Descriptor stop_;
    std::atomic<pid_t> root_ = 0; // see Supervision::on_start
    std::future<Run> end_;        // waits for the run when it is destroyed: stop_ outlives it
    std::optional<Run> run_;
    std::string trouble_;
};

} // namespace

PreparedRun run_prepared(const Command& preparation, const Command& command, const Supervision& supervision) {
    Server server(preparation, supervision);
    server.wait_until_ready();
    if (!server.ready()) {
        return server.join({});
    }
    Supervision both = supervision;
    both.on_time_out = [&](const std::vector<pid_t>& processes) {
        if (supervision.on_time_out) {
            supervision.on_time_out(processes);
        }
        server.look_at_hang();
    };
    return server.join(run(command, both));
}

} // namespace ashlar::measure
