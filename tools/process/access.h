// SPDX-License-Identifier: MIT
// Why the kernel refuses access to the memory of another process, and what would change that.
#pragma once

#include "process/files.h"
#include "process/status.h"

#include <optional>
#include <string>

namespace ashlar::process {

// The facts the kernel decides by (see ptrace(2), "Ptrace access mode checking").
struct AccessFacts {
    uid_t my_user = 0;
    gid_t my_group = 0;
    std::uint64_t my_capabilities = 0; // effective
    Status target;
    bool target_is_dumpable = true; // its files in /proc belong to its user, not to root
    bool same_user_namespace = true;
    std::optional<int> yama;    // kernel.yama.ptrace_scope; nothing if this kernel lacks it
    bool i_am_filtered = false; // this process has a seccomp filter, as in containers
};
AccessFacts access_facts(const Files& target, const Status& status);

struct Refusal {
    std::string cause;  // short and stable: "another user", "not dumpable", "capabilities", "namespace",
                        // "yama", "seccomp", "unknown"
    std::string what;   // a sentence without its full stop
    std::string remedy; // a sentence without its full stop
};
// Explains why the memory of a process could not be read (EPERM or EACCES).
Refusal explain_refusal(const AccessFacts& facts);

} // namespace ashlar::process
