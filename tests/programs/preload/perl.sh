# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034 # read by runner.sh
# perl: hashes, strings, regular expressions, sorting, closures, child processes.
needs=(perl)
witnesses=(perl)

exercise() {
    PERL_HASH_SEED=0 PERL_PERTURB_KEYS=0 perl "$SAMPLES/load.pl"
    perl -ne 'print if /sub/; $lines++; END { print "$lines lines\n" }' "$SAMPLES/load.pl"
}
