// SPDX-License-Identifier: MIT
#include "measure/processes.h"

#include "machine/files.h"

#include <sstream>
#include <unistd.h>

namespace ashlar::measure {

namespace {

std::filesystem::path folder_of(pid_t process) {
    return std::filesystem::path("/proc") / std::to_string(process);
}

} // namespace

std::vector<pid_t> with_children(pid_t process) {
    std::vector<pid_t> all{process};
    for (std::size_t next = 0; next < all.size(); ++next) {
        const auto main_thread = folder_of(all[next]) / "task" / std::to_string(all[next]);
        std::istringstream children(machine::read_file(main_thread / "children").value_or(""));
        for (pid_t child = 0; children >> child;) {
            all.push_back(child);
        }
    }
    return all;
}

std::uint64_t rss_kib(pid_t process) {
    // Sums that the kernel keeps anyway: nothing is walked and no lock of the process is taken.
    std::istringstream pages(machine::read_file(folder_of(process) / "statm").value_or(""));
    std::uint64_t size = 0;
    std::uint64_t resident = 0;
    pages >> size >> resident;
    return pages ? resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)) / 1024 : 0;
}

} // namespace ashlar::measure
