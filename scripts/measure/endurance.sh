#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Many forks, forks in signal handlers, short threads, and small programs under every small limit of addresses.
# Prints each figure beside its target, PASS or FAIL; --help tells how it is measured.
exec "$(dirname "${BASH_SOURCE[0]}")/measure.sh" endurance fork_storm thread_storm contract_fork_in_handler contract_four_threads \
    contract_out_of_memory contract_out_of_memory_threads -- "$@"
