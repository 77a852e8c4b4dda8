# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034 # read by runner.sh
# Headless Chromium renders a page that scripts build, and prints the result. Its processes have their own malloc:
# PartitionAlloc is in the program itself, which the loader searches first. The library is mapped too, and must not
# disturb them. The shell around them uses the library.
needs=(chromium)
optional="scripts/setup.sh --programs"
witnesses=(bash)
own_malloc=('chrom*' exe) # the zygote's children have the name of their link, exe

exercise() {
    local sandbox=()
    [[ $EUID -ne 0 ]] || sandbox=(--no-sandbox)
    cp "$SAMPLES/page.html" .
    chromium "${sandbox[@]}" --headless --disable-gpu --disable-dev-shm-usage --no-first-run \
        --user-data-dir="$PWD/profile" --virtual-time-budget=10000 --dump-dom "file://$PWD/page.html" 2>chromium.log
    grep -E 'FATAL|Received signal' chromium.log || echo "no crash in the log"
}
