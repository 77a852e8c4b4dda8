// SPDX-License-Identifier: MIT
#include "commands/recorded_run.h"

#include "commands/command.h"
#include "diagnose/library.h"
#include "diagnose/preload_list.h"
#include "machine/terminal.h"
#include "measure/stacks_file.h"
#include "profile/read_recording.h"

#include <algorithm>
#include <cstdlib>
#include <fmt/format.h>
#include <fstream>
#include <stdexcept>
#include <sys/wait.h>
#include <system_error>

namespace ashlar::commands {

namespace {

namespace fs = std::filesystem;

constexpr const char* kFileName = "ashlar.%p.profile"; // %p is the process
constexpr const char* kEnding = ".profile";
constexpr const char* kLockFileName = "ashlar.%p.locks";
constexpr const char* kLockEnding = ".locks";

std::string variable(const char* name) {
    const char* const value = std::getenv(name); // NOLINT(concurrency-mt-unsafe): there is one thread
    return value == nullptr ? "" : value;
}

// Creates the named folder, or a new one among the temporary files.
fs::path make_folder(const std::string& named) {
    if (!named.empty()) {
        std::error_code error;
        fs::create_directories(named, error);
        if (!fs::is_directory(named)) {
            throw std::invalid_argument(
                fmt::format("--keep: cannot make the folder {}: {}", named, error.message()));
        }
        return fs::absolute(named);
    }
    std::string folder = fs::temp_directory_path() / "ashlar-profile-XXXXXX";
    if (mkdtemp(folder.data()) == nullptr) {
        throw std::invalid_argument(
            fmt::format("cannot make a folder in {} for what is recorded; set TMPDIR, or give --keep FOLDER",
                        fs::temp_directory_path().string()));
    }
    return folder;
}

// Returns a higher cost limit for more samples than usual. ASHLAR_CONF follows it and has priority.
std::string implied_cost(const RecordingPlan& plan) {
    constexpr std::uint64_t kUsualRate = std::uint64_t{512} << 10;
    return plan.rate < kUsualRate ? "profile_cost:10," : "";
}

std::vector<std::string> environment(const RecordingPlan& plan, const fs::path& folder) {
    const std::string library = diagnose::library_to_preload(plan.library);
    const std::string conf = variable("ASHLAR_CONF");
    std::string preloaded = variable("LD_PRELOAD");
    std::vector<std::string> variables{
        fmt::format("ASHLAR_CONF={}{}{}profile:{},profile_limit:{},profile_file:{}{}", implied_cost(plan),
                    conf, conf.empty() ? "" : ",", plan.rate, plan.limit, (folder / kFileName).string(),
                    plan.cost ? fmt::format(",profile_cost:{}", *plan.cost) : "")};
    if (plan.cpu != 0) {
        variables.front() += fmt::format(",profile_cpu:{}", plan.cpu);
    }
    if (plan.locks) {
        const std::string locks = variable("ASHLAR_LOCKS");
        preloaded =
            diagnose::preload_with(diagnose::library_to_preload({}, allocators::Edition::kLocks), preloaded);
        variables.push_back(fmt::format("ASHLAR_LOCKS={}{}{},file:{}", locks, locks.empty() ? "" : ",",
                                        *plan.locks, (folder / kLockFileName).string()));
    }
    variables.push_back("LD_PRELOAD=" + diagnose::preload_with(library, preloaded));
    return variables;
}

// Returns whether a process ended or called exec before it wrote the first byte of its file.
bool is_unbegun(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    return in.get() <= 0;
}

bool lives(std::uint32_t process) {
    std::error_code error;
    static_cast<void>(
        fs::read_symlink(fs::path("/proc") / std::to_string(process) / "exe", error)); // fails for a zombie
    return !error || error == std::errc::permission_denied;
}

std::map<fs::path, fs::file_time_type> recordings_in(const fs::path& folder) {
    std::map<fs::path, fs::file_time_type> found;
    for (const auto& entry : fs::directory_iterator(folder)) {
        if (entry.path().extension() == kEnding || entry.path().extension() == kLockEnding) {
            std::error_code error;
            found[entry.path()] = entry.last_write_time(error);
        }
    }
    return found;
}

} // namespace

RecordedRun::RecordedRun(fs::path folder, bool is_kept, std::string library)
    : folder_(std::move(folder)), is_kept_(is_kept), watched_(std::move(library)),
      older_(recordings_in(folder_)) {}

RecordedRun::~RecordedRun() {
    if (!is_kept_ && !folder_.empty()) {
        std::error_code error;
        fs::remove_all(folder_, error);
    }
}

RecordedRun::RecordedRun(RecordedRun&& other) noexcept
    : ended(std::move(other.ended)), folder_(std::exchange(other.folder_, {})), is_kept_(other.is_kept_),
      watched_(std::move(other.watched_)), successors_(std::move(other.successors_)),
      older_(std::move(other.older_)) {}

std::vector<fs::path> RecordedRun::files() const {
    return files(kEnding);
}

std::vector<fs::path> RecordedRun::lock_files() const {
    return files(kLockEnding);
}

std::vector<fs::path> RecordedRun::files(const char* ending) const {
    std::vector<fs::path> found;
    for (const auto& [path, time] : recordings_in(folder_)) {
        const auto older = older_.find(path);
        if (path.extension() == ending && !is_unbegun(path) &&
            (older == older_.end() || older->second != time)) {
            found.push_back(path);
        }
    }
    return found;
}

profile::Recording RecordedRun::read(const fs::path& file) const {
    profile::Recording recording = profile::read_recording(file);
    if (recording.is_over()) {
        return recording;
    }
    successors_.end(recording);
    if (recording.ending == profile::Ending::kReplaced) {
        return recording;
    }
    if (recording.pid != static_cast<std::uint32_t>(ended.process)) {
        recording.ending = lives(recording.pid) ? profile::Ending::kStillRuns : profile::Ending::kOver;
        return recording;
    }
    const auto end = std::chrono::duration_cast<std::chrono::nanoseconds>(ended.end.time_since_epoch());
    recording.end = std::max(recording.end, static_cast<std::uint64_t>(end.count()));
    recording.signal = WIFSIGNALED(ended.status) ? WTERMSIG(ended.status) : 0;
    recording.ending = recording.signal != 0 ? profile::Ending::kSignal : profile::Ending::kNoHandlers;
    return recording;
}

std::vector<measure::Unrecorded>
RecordedRun::unrecorded(const std::vector<profile::Recording>& recordings) const {
    std::set<measure::ProcessImage> recorded;
    for (const profile::Recording& each : recordings) {
        recorded.emplace(static_cast<pid_t>(each.pid), each.program);
    }
    return watched_.besides(recorded);
}

std::string RecordedRun::why_nothing() const {
    return "the command does not run on Ashlar (`ashlar doctor -- CMD` says why), or on a library without a "
           "profiler, "
           "as the hardened one and older ones are";
}

int RecordedRun::exit_status() const {
    return WIFSIGNALED(ended.status) ? kBySignal + WTERMSIG(ended.status) : WEXITSTATUS(ended.status);
}

RecordedRun record_run(const RecordingPlan& plan, const machine::Interrupt& interrupt) {
    RecordedRun run(make_folder(plan.keep), !plan.keep.empty(),
                    fs::path(diagnose::library_to_preload(plan.library)).filename());
    measure::StacksFile stacks(
        plan.keep.empty() ? fs::temp_directory_path() : run.folder(),
        fmt::format("ashlar-{}-stacks", plan.subcommand),
        fmt::format("{}: not over after {} seconds", plan.command.front(), plan.timeout.value_or(0)),
        &interrupt);
    measure::Attendance attendance{.command = plan.command, .environment = environment(plan, run.folder())};
    if (plan.timeout) {
        attendance.time_limit = std::chrono::milliseconds(static_cast<long>(*plan.timeout * 1000));
        attendance.on_time_out = [&](const std::vector<pid_t>& processes) { stacks.add(processes); };
    }
    if (plan.watch) {
        attendance.on_look = [&](const std::vector<pid_t>& processes) { run.watched_.look(processes); };
    }
    run.ended = measure::attend(attendance, interrupt);
    run.watched_.outlive(run.ended.outlived_by);
    for (const fs::path& file : run.files()) {
        run.successors_.add(file);
    }
    if (run.ended.timed_out) {
        machine::tell(stderr, "ashlar {}: {} was not over after {} seconds; where its threads were: {}\n",
                      plan.subcommand, plan.command.front(), *plan.timeout, stacks.path());
    }
    return run;
}

} // namespace ashlar::commands
