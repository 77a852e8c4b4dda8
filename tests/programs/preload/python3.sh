# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034 # read by runner.sh
# python3 with every object on malloc: JSON, dictionaries, threads, child processes, compression, exceptions.
needs=(python3)
witnesses=('python*')

exercise() {
    PYTHONMALLOC=malloc PYTHONHASHSEED=0 PYTHONDONTWRITEBYTECODE=1 python3 "$SAMPLES/load.py"
}
