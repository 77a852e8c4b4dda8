// SPDX-License-Identifier: MIT
#include "measure/processes.h"

#include "machine/files.h"

#include <array>
#include <iterator>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <unistd.h>

namespace ashlar::measure {

namespace {

std::filesystem::path folder_of(pid_t process) {
    return std::filesystem::path("/proc") / std::to_string(process);
}

constexpr std::string_view kSocket = "socket:[";

// Returns the listening sockets in the process's network namespace, named like links in /proc/PID/fd. These
// tables do not show which process owns a socket.
std::set<std::string> listening_sockets(pid_t process) {
    struct Table {
        const char* file;
        std::size_t state; // columns, from 0
        const char* listening;
        std::size_t inode;
    };
    constexpr std::array kTables{
        Table{.file = "tcp", .state = 3, .listening = "0A", .inode = 9},
        Table{.file = "tcp6", .state = 3, .listening = "0A", .inode = 9},
        Table{.file = "unix", .state = 3, .listening = "00010000", .inode = 6},
    };
    std::set<std::string> found;
    for (const Table& table : kTables) {
        std::istringstream lines(machine::read_file(folder_of(process) / "net" / table.file).value_or(""));
        for (std::string line; std::getline(lines, line);) {
            std::istringstream words(line);
            const std::vector<std::string> columns{std::istream_iterator<std::string>(words), {}};
            if (columns.size() > table.inode && columns[table.state] == table.listening) {
                found.insert(std::string(kSocket) + columns[table.inode] + "]");
            }
        }
    }
    return found;
}

} // namespace

std::vector<pid_t> descendants(pid_t process) {
    std::vector<pid_t> all{process};
    for (std::size_t next = 0; next < all.size(); ++next) {
        // Each thread has a list of the children that it started. Threads may end meanwhile.
        std::error_code error;
        std::filesystem::directory_iterator thread(folder_of(all[next]) / "task", error);
        for (; !error && thread != std::filesystem::directory_iterator(); thread.increment(error)) {
            std::istringstream children(machine::read_file(thread->path() / "children").value_or(""));
            for (pid_t child = 0; children >> child;) {
                all.push_back(child);
            }
        }
    }
    all.erase(all.begin());
    return all;
}

bool any_listens(const std::vector<pid_t>& processes) {
    for (const pid_t each : processes) {
        const std::set<std::string> listening = listening_sockets(each);
        std::error_code error;
        for (const auto& entry : std::filesystem::directory_iterator(folder_of(each) / "fd", error)) {
            const std::string target = std::filesystem::read_symlink(entry.path(), error).string();
            if (!error && target.starts_with(kSocket) && listening.contains(target)) {
                return true;
            }
        }
    }
    return false;
}

std::uint64_t rss_kib(pid_t process) {
    // The kernel keeps these sums anyway. Reading them walks no pages and takes no lock of the process.
    std::istringstream pages(machine::read_file(folder_of(process) / "statm").value_or(""));
    std::uint64_t size = 0;
    std::uint64_t resident = 0;
    pages >> size >> resident;
    return pages ? resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)) / 1024 : 0;
}

} // namespace ashlar::measure
