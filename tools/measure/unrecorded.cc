// SPDX-License-Identifier: MIT
#include "measure/unrecorded.h"

#include "machine/files.h"

#include <filesystem>
#include <sstream>
#include <string_view>
#include <system_error>
#include <unistd.h>

namespace ashlar::measure {

namespace {

std::filesystem::path folder_of(pid_t process) {
    return std::filesystem::path("/proc") / std::to_string(process);
}

std::string name_of(pid_t process) {
    std::string name = machine::read_file(folder_of(process) / "comm").value_or("");
    return name.substr(0, name.find('\n'));
}

// Returns the user that owns the files a process creates.
uid_t file_user(pid_t process) {
    std::istringstream lines(machine::read_file(folder_of(process) / "status").value_or(""));
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        std::string name;
        uid_t real = 0;
        uid_t effective = 0;
        uid_t saved = 0;
        uid_t file = 0;
        if (words >> name >> real >> effective >> saved >> file && name == "Uid:") {
            return file;
        }
    }
    return geteuid(); // the process has ended
}

} // namespace

void UnrecordedProcesses::look(const std::vector<pid_t>& processes) {
    for (const pid_t each : processes) {
        look(each);
    }
}

void UnrecordedProcesses::look(pid_t process) {
    std::error_code error;
    const std::filesystem::path program = std::filesystem::read_symlink(folder_of(process) / "exe", error);
    if (error == std::errc::permission_denied || error == std::errc::operation_not_permitted) {
        seen_[{process, name_of(process)}] = Why::kHidden;
        return;
    }
    if (error) {
        return; // the process has ended
    }
    const auto [place, is_new] = seen_.try_emplace({process, program.string()}, Why::kMaybeLoads);
    Why& why = place->second;
    if (why == Why::kMaybeLoads) {
        const std::string mappings = machine::read_file(folder_of(process) / "maps").value_or("");
        if (mappings.find("/" + library_) != std::string::npos) {
            why = Why::kNone;
        } else if (!is_new && !mappings.empty()) { // at the first look it may be about to load the library
            why = Why::kNoLibrary;
        }
    }
    const uid_t user = file_user(process);
    if (why == Why::kNone && user != 0 && user != geteuid()) {
        why = Why::kOtherUser;
    }
}

void UnrecordedProcesses::outlive(const std::vector<pid_t>& processes) {
    for (const pid_t each : processes) {
        std::error_code error;
        const auto program = std::filesystem::read_symlink(folder_of(each) / "exe", error);
        const bool is_hidden =
            error == std::errc::permission_denied || error == std::errc::operation_not_permitted;
        if (!error || is_hidden) {
            seen_[{each, error ? name_of(each) : program.string()}] = Why::kOutlives;
        }
    }
}

std::vector<Unrecorded> UnrecordedProcesses::besides(const std::set<ProcessImage>& recorded) const {
    std::vector<Unrecorded> found;
    for (const auto& [image, why] : seen_) {
        const auto of_process = recorded.lower_bound({image.first, {}});
        const bool has_any = of_process != recorded.end() && of_process->first == image.first;
        const bool is_recorded = why == Why::kHidden ? has_any : recorded.contains(image);
        if (why != Why::kNone && why != Why::kMaybeLoads && !is_recorded) {
            found.push_back({.process = image.first, .program = image.second, .why = words(why)});
        }
    }
    return found;
}

const char* UnrecordedProcesses::words(Why why) {
    switch (why) {
    case Why::kNone:
    case Why::kMaybeLoads:
        break;
    case Why::kNoLibrary:
        return "it does not run on Ashlar";
    case Why::kOtherUser:
        return "its user may not write where the recordings are";
    case Why::kHidden:
        return "this user may not look at it";
    case Why::kOutlives:
        return "it still ran when the command was over";
    }
    return "";
}

} // namespace ashlar::measure
