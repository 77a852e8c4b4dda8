// SPDX-License-Identifier: MIT
// Why the kernel does not let this process read another one's memory, and what would change that.
#pragma once

#include "process/files.h"
#include "process/status.h"

#include <optional>
#include <string>

namespace ashlar::process {

// What the kernel decides by (see ptrace(2), "Ptrace access mode checking").
struct AccessFacts {
    uid_t my_user = 0;
    gid_t my_group = 0;
    std::uint64_t my_capabilities = 0; // effective
    Status target;
    bool target_is_dumpable = true; // its files in /proc belong to its user, not to root
    bool same_user_namespace = true;
    std::optional<int> yama;    // kernel.yama.ptrace_scope; nothing: not in this kernel
    bool i_am_filtered = false; // a seccomp filter, as containers have, is on this process
};
AccessFacts access_facts(const Files& target, const Status& status);

struct Refusal {
    std::string cause;  // short and stable: "another user", "not dumpable", "capabilities", "namespace",
                        // "yama", "seccomp", "unknown"
    std::string what;   // a sentence without its full stop
    std::string remedy; // likewise
};
// For a process whose memory could not be read (EPERM or EACCES).
Refusal explain_refusal(const AccessFacts& facts);

} // namespace ashlar::process
