// SPDX-License-Identifier: MIT
// Finds the processes of a command that do not record their allocations, by /proc while they run. A process
// that ends before it is seen goes unnoticed.
#pragma once

#include <map>
#include <set>
#include <string>
#include <sys/types.h>
#include <utility>
#include <vector>

namespace ashlar::measure {

struct Unrecorded {
    pid_t process;
    std::string program; // path, or the name if the path is unreadable
    std::string why;
};

// A process and the path of its program. A process that calls exec is a new image.
using ProcessImage = std::pair<pid_t, std::string>;

class UnrecordedProcesses {
  public:
    explicit UnrecordedProcesses(std::string library) : library_(std::move(library)) {} // its file name

    void look(const std::vector<pid_t>& processes);
    // Notes the processes that still ran at the end of the command.
    void outlive(const std::vector<pid_t>& processes);
    // Returns the images that were seen and left no recording.
    std::vector<Unrecorded> besides(const std::set<ProcessImage>& recorded) const;

  private:
    enum class Why { kNone, kMaybeLoads, kNoLibrary, kOtherUser, kHidden, kOutlives };

    void look(pid_t process);
    static const char* words(Why why);

    std::string library_;
    std::map<ProcessImage, Why> seen_;
};

} // namespace ashlar::measure
