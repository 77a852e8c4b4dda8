# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034 # read by runner.sh
# Headless Chromium renders a page that scripts build up, and prints what came of it. Its processes bring a malloc of
# their own: PartitionAlloc stands in the program itself, which the loader asks first. The library is mapped into them
# all the same, and they must run as ever beside it. The shell around them is on the library.
needs=(chromium)
optional="scripts/setup.sh --programs"
witnesses=(bash)
own_malloc=('chrom*' exe) # what the zygote starts is called by its link, exe

exercise() {
    local sandbox=()
    [[ $EUID -ne 0 ]] || sandbox=(--no-sandbox)
    cp "$SAMPLES/page.html" .
    chromium "${sandbox[@]}" --headless --disable-gpu --disable-dev-shm-usage --no-first-run \
        --user-data-dir="$PWD/profile" --virtual-time-budget=10000 --dump-dom "file://$PWD/page.html" 2>chromium.log
    grep -E 'FATAL|Received signal' chromium.log || echo "no crash in the log"
}
