// SPDX-License-Identifier: MIT
#include "process/access.h"

#include "machine/files.h"
#include "process/text_fields.h"

#include <array>
#include <cstddef>
#include <fmt/format.h>
#include <linux/capability.h>
#include <pwd.h>
#include <unistd.h>
#include <vector>

namespace ashlar::process {

namespace {

constexpr std::uint64_t bit(unsigned capability) {
    return std::uint64_t{1} << capability;
}

// Returns "redis (109)", for example.
std::string user_name(uid_t user) {
    passwd entry{};
    passwd* found = nullptr;
    std::vector<char> texts(std::size_t{16} << 10);
    if (getpwuid_r(user, &entry, texts.data(), texts.size(), &found) == 0 && found != nullptr) {
        return fmt::format("{} ({})", entry.pw_name, user);
    }
    return std::to_string(user);
}

std::uint64_t status_number(const std::string& text, std::string_view name, int base) {
    for (std::string_view rest = text; !rest.empty();) {
        const std::string_view line = take_line(rest);
        if (line.starts_with(name)) {
            return number<std::uint64_t>(without_blanks(line.substr(name.size())), base).value_or(0);
        }
    }
    return 0;
}

std::optional<int> yama_scope() {
    const auto text = machine::read_file("/proc/sys/kernel/yama/ptrace_scope");
    if (!text) {
        return std::nullopt;
    }
    std::string_view rest = *text;
    return number<int>(take_line(rest));
}

constexpr const char* kCapability =
    "run this command as root, or give it the capability CAP_SYS_PTRACE "
    "(setcap cap_sys_ptrace=ep on a copy of ashlar; in a container: --cap-add SYS_PTRACE)";

Refusal explain_yama(int scope) {
    constexpr int kOnlyAdmins = 2;
    if (scope < kOnlyAdmins) {
        return {.cause = "yama",
                .what =
                    "kernel.yama.ptrace_scope is 1: a process may read only the memory of its descendants",
                .remedy = std::string("sysctl kernel.yama.ptrace_scope=0, or ") + kCapability};
    }
    if (scope == kOnlyAdmins) {
        return {.cause = "yama",
                .what = "kernel.yama.ptrace_scope is 2: only CAP_SYS_PTRACE may read other processes' memory",
                .remedy = kCapability};
    }
    return {.cause = "yama",
            .what =
                "kernel.yama.ptrace_scope is 3: nobody may read other processes' memory until the next boot",
            .remedy = "set kernel.yama.ptrace_scope to 2 or less where it is set at boot, and boot again"};
}

} // namespace

AccessFacts access_facts(const Files& target, const Status& status) {
    constexpr int kHex = 16;
    const std::string own = machine::read_file("/proc/self/status").value_or("");
    AccessFacts facts{.my_user = getuid(),
                      .my_group = getgid(),
                      .my_capabilities = status_number(own, "CapEff:", kHex),
                      .target = status,
                      .yama = yama_scope(),
                      .i_am_filtered = status_number(own, "Seccomp:", 10) == 2};
    // The kernel gives a non-dumpable process's files to root. For root's own processes this shows nothing.
    const auto owner = target.owner_of("maps");
    facts.target_is_dumpable = !owner || *owner == status.user || status.changed_identity;
    const auto mine = Files(getpid()).link("ns/user");
    const auto theirs = target.link("ns/user");
    facts.same_user_namespace = !mine || !theirs || *mine == *theirs;
    return facts;
}

Refusal explain_refusal(const AccessFacts& facts) {
    const bool may_trace_all = (facts.my_capabilities & bit(CAP_SYS_PTRACE)) != 0;
    if (!may_trace_all) {
        if (facts.target.user != facts.my_user || facts.target.group != facts.my_group ||
            facts.target.changed_identity) {
            const std::string whose =
                facts.target.user != facts.my_user
                    ? fmt::format("belongs to the user {}", user_name(facts.target.user))
                : facts.target.group != facts.my_group
                    ? fmt::format("has another group, {}", facts.target.group)
                    : std::string("has changed its user or group (setuid, setgid)");
            return {.cause = "another user",
                    .what =
                        fmt::format("it {}, and this command runs as {}", whose, user_name(facts.my_user)),
                    .remedy = std::string(facts.target.user != facts.my_user && !facts.target.changed_identity
                                              ? "run this command as that user, or "
                                              : "") +
                              (facts.target.user != facts.my_user && !facts.target.changed_identity
                                   ? "with the capability CAP_SYS_PTRACE (as root, say)"
                                   : kCapability)};
        }
        if (!facts.target_is_dumpable) {
            return {.cause = "not dumpable",
                    .what = "it has made itself not dumpable (prctl PR_SET_DUMPABLE), or its file gives it "
                            "capabilities or may not be read: then its memory is closed to its own user too",
                    .remedy = kCapability};
        }
        if ((facts.target.permitted_capabilities & ~facts.my_capabilities) != 0) {
            return {.cause = "capabilities",
                    .what = "it has capabilities that this command does not have",
                    .remedy = kCapability};
        }
    }
    if (facts.yama && (*facts.yama > 2 || (*facts.yama > 0 && !may_trace_all))) {
        return explain_yama(*facts.yama);
    }
    if (!facts.same_user_namespace) {
        return {.cause = "namespace",
                .what = "it lives in another user namespace, a container's for example",
                .remedy = "run this command inside of the container, or as root outside of it"};
    }
    if (facts.i_am_filtered) {
        return {
            .cause = "seccomp",
            .what =
                "this command runs under a seccomp filter, as in a container, that forbids process_vm_readv",
            .remedy = "start the container with --cap-add SYS_PTRACE, or run this command outside of it"};
    }
    return {.cause = "unknown",
            .what = "the kernel refuses to say why (a security module, perhaps: SELinux, AppArmor, Landlock)",
            .remedy = "look into the kernel's log (dmesg, journalctl -k), or try as root"};
}

} // namespace ashlar::process
