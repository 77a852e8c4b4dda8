// SPDX-License-Identifier: MIT
#include "observe/machine_advice.h"

#include "observe/byte_text.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <string_view>

namespace ashlar::observe {

namespace {

constexpr double kNearly = 0.9; // as a share of a limit

bool is_nearly(std::uint64_t used, std::uint64_t limit) {
    return limit > 0 && static_cast<double>(used) >= kNearly * static_cast<double>(limit);
}

// Returns the value in force, the last one, or an empty string if the key is not set.
std::string setting(const std::string& settings, std::string_view key) {
    const std::string text = "," + settings + ",";
    const std::string mark = fmt::format(",{}:", key);
    const auto at = text.rfind(mark);
    if (at == std::string::npos) {
        return "";
    }
    const auto begin = at + mark.size();
    return text.substr(begin, text.find(',', begin) - begin);
}

class Advice {
  public:
    Advice(const diagnose::MachineState& state, const AllocatorUse& use) : state_(state), use_(use) {}

    std::vector<diagnose::Finding> all() {
        huge_pages();
        control_group();
        mappings();
        overcommit();
        page_size();
        static_tls();
        limits();
        kernel();
        return std::move(findings_);
    }

  private:
    void add(const char* cause, std::string what, std::string command) {
        findings_.push_back({cause, std::move(what), std::move(command)});
    }

    void huge_pages() {
        const std::string wanted = setting(use_.settings, "huge_pages");
        const bool wants = wanted == "auto" || wanted == "always";
        if (wants && state_.huge_pages == "never") {
            add("huge pages",
                fmt::format("ASHLAR_CONF says huge_pages:{}, and this system gives none", wanted),
                "echo madvise | sudo tee /sys/kernel/mm/transparent_hugepage/enabled");
        } else if (state_.huge_pages == "always") {
            add("huge pages",
                "the system gives huge pages unasked. Ashlar's heap has none of them, but stacks of threads "
                "and memory that the program maps itself grow by 2 MiB at a time",
                "echo madvise | sudo tee /sys/kernel/mm/transparent_hugepage/enabled");
        }
    }

    void control_group() {
        if (!state_.group) {
            return;
        }
        const diagnose::GroupMemory& group = *state_.group;
        const std::string command = fmt::format("cat {}/memory.stat", group.folder);
        constexpr const char* kWhere =
            "raise it where it is set: memory of the container, MemoryMax of the unit";
        if (group.killed > 0) {
            add("control group",
                fmt::format("the limit of {} has ended {} process{} of this control group; {}",
                            byte_text(group.limit), group.killed, group.killed == 1 ? "" : "es", kWhere),
                command);
        } else if (is_nearly(group.used, group.limit)) {
            add("control group",
                fmt::format("this control group uses {} of its {}, at which processes are ended; {}",
                            byte_text(group.used), byte_text(group.limit), kWhere),
                command);
        }
    }

    void mappings() {
        constexpr std::uint64_t kUsual = 65'530;
        const std::string command = "sudo sysctl -w vm.max_map_count=262144";
        if (is_nearly(state_.mappings, state_.most_mappings)) {
            add("mappings",
                fmt::format("the process has {} mappings and may have {}; then requests for memory fail",
                            state_.mappings, state_.most_mappings),
                command);
        } else if (state_.most_mappings > 0 && state_.most_mappings < kUsual) {
            add("mappings",
                fmt::format("a process may have {} mappings only; Linux's usual number is {}",
                            state_.most_mappings, kUsual),
                command);
        } else if (use_.is_hardened && !state_.features.marks_guards && state_.most_mappings == kUsual) {
            add("mappings",
                fmt::format(
                    "on Linux {} each guard page of libashlar-hardened.so is a mapping, and a process "
                    "may have {}",
                    state_.kernel, state_.most_mappings),
                command);
        }
    }

    void overcommit() {
        constexpr int kStrict = 2;
        if (state_.overcommit == kStrict && is_nearly(state_.committed, state_.commit_limit)) {
            add("overcommit",
                fmt::format(
                    "memory is accounted strictly (vm.overcommit_memory=2), and {} of {} are promised: "
                    "requests fail while memory is free",
                    byte_text(state_.committed), byte_text(state_.commit_limit)),
                "sudo sysctl -w vm.overcommit_ratio=90");
        }
    }

    void page_size() {
        constexpr std::uint64_t kSmall = 4096;
        if (state_.page_size > kSmall) {
            add("page size",
                fmt::format("pages have {}: slabs do not give back single ones, so that more memory stays. "
                            "Less may wait then, or a kernel with pages of 4 KiB is booted",
                            byte_text(state_.page_size)),
                "ASHLAR_CONF=dirty_limit:8m COMMAND");
        }
    }

    void static_tls() {
        if (use_.errors.find("static TLS block") != std::string::npos) {
            add("static TLS",
                "a library that the program opens while it runs found no room among the thread-local "
                "variables (the loader: cannot allocate memory in static TLS block)",
                "GLIBC_TUNABLES=glibc.rtld.optional_static_tls=16384 COMMAND");
        }
    }

    void limits() {
        constexpr std::uint64_t kSmall = std::uint64_t{1} << 30;
        if (state_.address_limit && *state_.address_limit < kSmall) {
            add("limit",
                fmt::format("the process may have addresses for {} only (RLIMIT_AS)",
                            byte_text(*state_.address_limit)),
                "ulimit -v unlimited");
        }
        if (state_.data_limit && *state_.data_limit < kSmall) {
            add("limit",
                fmt::format("the process may have {} of writable memory only (RLIMIT_DATA), used or not",
                            byte_text(*state_.data_limit)),
                "ulimit -d unlimited");
        }
        constexpr std::uint64_t kEnoughLocked = std::uint64_t{4} << 20;
        if (use_.is_hardened && state_.lock_limit && *state_.lock_limit < kEnoughLocked) {
            add("limit",
                fmt::format(
                    "the process may lock {} only (RLIMIT_MEMLOCK), so that libashlar-hardened.so keeps an "
                    "eighth of that in its quarantine",
                    byte_text(*state_.lock_limit)),
                "ulimit -l 8192");
        }
    }

    // Reports calls that an old kernel lacks or a sandbox refuses.
    void kernel() {
        std::vector<std::string> missing;
        const diagnose::KernelFeatures& has = state_.features;
        if (!has.expedited_barrier) {
            missing.emplace_back("what idle threads cache stays with them (membarrier, Linux 4.14)");
        }
        if (!has.populates_pages) {
            missing.emplace_back(
                "a profile allocates its whole file at the start (MADV_POPULATE_WRITE, Linux 5.14)");
        }
        if (!has.purges_locked) {
            missing.emplace_back("locked memory is not given back (MADV_DONTNEED_LOCKED, Linux 5.18)");
        }
        if (use_.is_hardened && !has.marks_guards) {
            missing.emplace_back("guard pages are mappings (MADV_GUARD_INSTALL, Linux 6.13)");
        }
        if (!missing.empty()) {
            add("kernel",
                fmt::format(
                    "this kernel ({}) does not answer: {}. It is older than that, or a sandbox refuses "
                    "the call (Seccomp: 2)",
                    state_.kernel, fmt::join(missing, "; ")),
                "grep Seccomp: /proc/self/status");
        }
    }

    const diagnose::MachineState& state_;
    const AllocatorUse& use_;
    std::vector<diagnose::Finding> findings_;
};

} // namespace

std::vector<diagnose::Finding> machine_advice(const diagnose::MachineState& state, const AllocatorUse& use) {
    return Advice(state, use).all();
}

} // namespace ashlar::observe
