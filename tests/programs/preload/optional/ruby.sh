# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034 # read by runner.sh
# Ruby: strings, hashes, threads, compaction, child processes.
needs=(ruby)
optional="scripts/setup.sh --programs"
witnesses=('ruby*')

exercise() {
    ruby "$SAMPLES/load.rb"
}
