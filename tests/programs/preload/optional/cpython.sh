# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034 # read by runner.sh
# Runs CPython's own tests that allocate most, with and without its allocator of small objects. The result of every
# single test is compared.
needs=(/usr/bin/python3.11 /usr/lib/python3.11/test/test_json/__init__.py)
optional="scripts/setup.sh --programs"
witnesses=('python3*')

exercise() {
    local parts=(test_json test_dict test_list test_threading test_multiprocessing_fork test_subprocess)
    local allocator
    for allocator in malloc pymalloc; do
        [[ $allocator == malloc ]] || parts=(test_json test_threading test_subprocess)
        # Excludes the total, which contains the time. The file has single results.
        PYTHONMALLOC=$allocator PYTHONHASHSEED=0 PYTHONDONTWRITEBYTECODE=1 \
            /usr/bin/python3.11 -m test --tempdir "$PWD" --junit-xml "$PWD/results.xml" "${parts[@]}" >tests.log 2>&1 ||
            tail -n 100 tests.log >&2
        echo "$allocator:"
        /usr/bin/python3.11 "$SAMPLES/test_results.py" results.xml
    done
}
