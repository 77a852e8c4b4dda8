// SPDX-License-Identifier: MIT
#include "measure/server.h"

#include "measure/background_run.h"
#include "measure/processes.h"

#include <algorithm>

namespace ashlar::measure {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kTimeToBeReady{30};
constexpr std::chrono::milliseconds kBetweenLooks{5};
constexpr std::chrono::seconds kSpare{60}; // beyond the command's own limit

// Returns the images without processes that only started others, such as a shell. Keeps the largest process,
// and those with more than a tenth of the CPU time.
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

// A server for the length of one run.
class Server {
  public:
    Server(const Command& command, const Supervision& supervision)
        : supervision_(supervision), server_(as_service(command), own_supervision(supervision)) {}

    // Waits until the server listens, or until waiting is pointless.
    void wait_until_ready() {
        const Clock::time_point limit =
            Clock::now() + std::min<Clock::duration>(kTimeToBeReady, supervision_.time_limit);
        while (!server_.wait_for(kBetweenLooks)) {
            if (any_listens(server_.processes())) {
                return;
            }
            if (supervision_.interrupt != nullptr && supervision_.interrupt->requested()) {
                return; // the command's own run will see it
            }
            if (Clock::now() >= limit) {
                look_at_hang();
                trouble_ = "it did not listen on a socket in time";
                return;
            }
        }
        run_ = server_.take();
        trouble_ = run_->succeeded()
                       ? "it ended before it listened on a socket; a step that ends is given with --prepare"
                       : describe_ending(*run_) + last_words();
    }

    void look_at_hang() const {
        if (const std::vector<pid_t> left = server_.processes(); supervision_.on_time_out && !left.empty()) {
            supervision_.on_time_out(left);
        }
    }

    bool ready() const { return trouble_.empty(); }

    // Ends the server if it still runs, and adds its usage to the run of the command.
    ServedRun join(Run command) {
        if (!run_) {
            bool died = server_.wait_for(std::chrono::milliseconds(0));
            server_.ask_to_end();
            run_ = server_.take();
            died |= run_->ending == Ending::kExited && !run_->succeeded();
            if (died) {
                trouble_ = "it ended during the run: " + describe_ending(*run_) + last_words();
            }
            add(command);
        }
        if (!trouble_.empty()) {
            command.output = run_->output;
            command.errors = run_->errors;
        }
        return {.run = std::move(command), .trouble = trouble_};
    }

  private:
    static Command as_service(Command command) {
        command.is_service = true;
        return command;
    }

    static Supervision own_supervision(const Supervision& supervision) {
        return {.time_limit = kTimeToBeReady + supervision.time_limit + kSpare,
                .follow_rss = supervision.follow_rss};
    }

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
    BackgroundRun server_;
    std::optional<Run> run_;
    std::string trouble_;
};

} // namespace

ServedRun run_with_server(const Command& server, const Command& command, const Supervision& supervision) {
    Server running(server, supervision);
    running.wait_until_ready();
    if (!running.ready()) {
        return running.join({});
    }
    Supervision both = supervision;
    both.on_time_out = [&](const std::vector<pid_t>& processes) {
        if (supervision.on_time_out) {
            supervision.on_time_out(processes);
        }
        running.look_at_hang();
    };
    return running.join(run(command, both));
}

} // namespace ashlar::measure
