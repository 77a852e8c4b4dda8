// SPDX-License-Identifier: MIT
#include "machine/facts.h"

#include "machine/files.h"

#include <algorithm>
#include <gnu/libc-version.h>
#include <sched.h>
#include <sstream>
#include <string_view>
#include <sys/utsname.h>
#include <unistd.h>

namespace ashlar::machine {

namespace {

// The rest of the first line that starts with `key`, without separators, blanks and quotes around it.
std::string value_of(const std::filesystem::path& file, std::string_view key) {
    std::istringstream lines(read_file(file).value_or(""));
    constexpr std::string_view kAround = " \t:=\"\n";
    for (std::string line; std::getline(lines, line);) {
        if (!line.starts_with(key)) {
            continue;
        }
        const auto first = line.find_first_not_of(kAround, key.size());
        if (first != std::string::npos) {
            return line.substr(first, line.find_last_not_of(kAround) - first + 1);
        }
    }
    return "";
}

// "always [madvise] never" -> "madvise"
std::string bracketed(const std::string& choices) {
    const auto open = choices.find('[');
    const auto close = choices.find(']');
    return open < close && close != std::string::npos ? choices.substr(open + 1, close - open - 1)
                                                      : "unknown";
}

} // namespace

unsigned usable_processors() {
    return std::max(1U, static_cast<unsigned>(processor_numbers().size()));
}

std::vector<unsigned> processor_numbers() {
    cpu_set_t set;
    CPU_ZERO(&set);
    std::vector<unsigned> numbers;
    if (sched_getaffinity(0, sizeof set, &set) == 0) {
        for (unsigned number = 0; number < CPU_SETSIZE; ++number) {
            if (CPU_ISSET(number, &set)) {
                numbers.push_back(number);
            }
        }
    }
    return numbers;
}

double stolen_seconds() {
    // cpu  user nice system idle iowait irq softirq steal ...
    std::istringstream text(read_file("/proc/stat").value_or(""));
    std::string label;
    std::uint64_t ticks = 0;
    text >> label;
    for (int field = 0; field < 8; ++field) {
        text >> ticks;
    }
    return text ? static_cast<double>(ticks) / static_cast<double>(sysconf(_SC_CLK_TCK)) : 0;
}

Facts collect_facts() {
    utsname name{};
    uname(&name);
    const std::string memory = value_of("/proc/meminfo", "MemTotal");
    const std::string load = read_file("/proc/loadavg").value_or("");
    std::istringstream load_fields(load);
    std::string one;
    std::string five;
    std::string fifteen;
    load_fields >> one >> five >> fifteen;
    return {
        .processor = value_of("/proc/cpuinfo", "model name"),
        .usable_processors = usable_processors(),
        .memory_kib = memory.empty() ? 0 : std::stoull(memory),
        .kernel = std::string(name.release) + " " + name.version,
        .transparent_huge_pages =
            bracketed(read_file("/sys/kernel/mm/transparent_hugepage/enabled").value_or("")),
        .c_library = std::string("glibc ") + gnu_get_libc_version(),
        .system_name = value_of("/etc/os-release", "PRETTY_NAME"),
        .load = one + " " + five + " " + fifteen,
    };
}

} // namespace ashlar::machine
