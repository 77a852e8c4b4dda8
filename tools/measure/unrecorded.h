// SPDX-License-Identifier: MIT
// Which processes of a command do not record what they allocate, as /proc tells while they run. One that is
// over before it is looked at goes unnoticed.
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
    std::string program; // path, or its name if that may not be known
    std::string why;
};

// A process is another one after exec.
using ProcessImage = std::pair<pid_t, std::string>; // and the path of its program

class UnrecordedProcesses {
  public:
    explicit UnrecordedProcesses(std::string library) : library_(std::move(library)) {} // its file's name

    void look(const std::vector<pid_t>& processes);
    // These are there when the command is over.
    void outlive(const std::vector<pid_t>& processes);
    // Of all that were seen, those that left no recording.
    std::vector<Unrecorded> besides(const std::set<ProcessImage>& recorded) const;

  private:
    enum class Why { kNone, kMaybeLoads, kNoLibrary, kOtherUser, kHidden, kOutlives };

    void look(pid_t process);
    static const char* words(Why why);

    std::string library_;
    std::map<ProcessImage, Why> seen_;
};

} // namespace ashlar::measure
