# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Functions for program files that start a server; their exercise sources this file.

# await <log> <text> <process>: waits until the log has a line with the text. Fails if the process ends before.
await() {
    local line
    while read -r line; do
        if [[ $line == *"$2"* ]]; then return 0; fi
    done < <(tail -n +1 -F --pid="$3" -s 0.05 "$1" 2>/dev/null)
    return 1
}

# kill_at_exit <process>: kills the process at the end of this shell, in any case.
kill_at_exit() {
    # shellcheck disable=SC2064 # this very process
    trap "kill -9 $1 2>/dev/null || true" EXIT
}

# require_library <process>: prints a complaint if the process should use the library and does not map it.
require_library() {
    if [[ $LD_PRELOAD != *libashlar* ]]; then return; fi
    grep -q "libashlar[a-z-]*[.]so" "/proc/$1/maps" || echo "process $1 does not map the library"
}
