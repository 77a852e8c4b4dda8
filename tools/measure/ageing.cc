// SPDX-License-Identifier: MIT
#include "measure/ageing.h"

#include "machine/descriptor.h"
#include "machine/files.h"
#include "measure/precondition.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <system_error>

namespace ashlar::measure {

namespace {

std::vector<PreconditionRecord> records_of(const std::filesystem::path& file) {
    const std::string bytes = machine::read_file(file).value_or("");
    std::vector<PreconditionRecord> records(bytes.size() / sizeof(PreconditionRecord));
    if (!records.empty()) {
        std::memcpy(records.data(), bytes.data(), records.size() * sizeof(PreconditionRecord));
    }
    return records;
}

// Returns the time in which at least one process was ageing. Simultaneous work counts once.
double seconds_of(std::vector<PreconditionRecord> records) {
    std::sort(records.begin(), records.end(),
              [](const auto& one, const auto& other) { return one.start < other.start; });
    std::int64_t sum = 0;
    std::int64_t end = 0;
    for (const PreconditionRecord& record : records) {
        sum += std::max<std::int64_t>(record.end - std::max(record.start, end), 0);
        end = std::max(end, record.end);
    }
    return static_cast<double>(sum) * 1e-9;
}

void take_off(double& seconds, double part) {
    seconds = std::max(seconds - part, 0.0);
}

void take_off(std::uint64_t& count, std::int64_t part) {
    count -= std::min(count, static_cast<std::uint64_t>(std::max<std::int64_t>(part, 0)));
}

} // namespace

Ageing::Ageing(unsigned mebibytes) : mebibytes_(mebibytes), library_(library()) {
    std::string name = std::filesystem::temp_directory_path() / "ashlar-precondition-XXXXXX";
    const machine::Descriptor made(mkstemp(name.data()));
    if (!made.open()) {
        throw std::system_error(errno, std::generic_category(), "making a file " + name);
    }
    file_ = name;
}

Ageing::~Ageing() {
    std::error_code ignored;
    std::filesystem::remove(file_, ignored);
}

void Ageing::apply(Command& command) const {
    command.preload += (command.preload.empty() ? "" : ":") + library_;
    command.environment.push_back(std::string(kPreconditionVariable) + "=" + std::to_string(mebibytes_) +
                                  ":" + file_.string());
}

std::string Ageing::take_off(Usage& usage, Wall wall) const {
    const std::vector<PreconditionRecord> records = records_of(file_);
    for (const PreconditionRecord& record : records) {
        constexpr double kMicro = 1e-6;
        measure::take_off(usage.user_seconds, static_cast<double>(record.user_microseconds) * kMicro);
        measure::take_off(usage.system_seconds, static_cast<double>(record.system_microseconds) * kMicro);
        measure::take_off(usage.minor_faults, record.minor_faults);
        measure::take_off(usage.major_faults, record.major_faults);
    }
    if (wall == Wall::kIncluded) {
        measure::take_off(usage.wall_seconds, seconds_of(records));
    }
    const std::uint64_t wanted = std::uint64_t{mebibytes_} << 20;
    if (records.empty()) {
        return "its heap was not aged, as " + std::string(kPreconditionLibrary) +
               " was not loaded: is the program static?";
    }
    return std::all_of(records.begin(), records.end(),
                       [&](const PreconditionRecord& record) { return record.allocated >= wanted; })
               ? ""
               : "its heap was not aged, as malloc refused some of " + std::to_string(mebibytes_) + " MiB";
}

std::string Ageing::library() {
    const auto found = machine::find_companion(kPreconditionLibrary);
    if (!found) {
        throw std::runtime_error(
            std::string(kPreconditionLibrary) + " is missing beside this program in " +
            machine::program_folder().string() +
            "; build it with: cmake --build --preset release --target ashlar_precondition");
    }
    return *found;
}

} // namespace ashlar::measure
