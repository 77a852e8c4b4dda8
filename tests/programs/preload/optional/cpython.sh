# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034 # read by runner.sh
# CPython's own tests of what allocates most, with its allocator of small objects and without. The result of every
# single test is compared.
needs=(/usr/bin/python3.11 /usr/lib/python3.11/test/test_json/__init__.py)
optional="scripts/setup.sh --programs"
witnesses=('python3*')

exercise() {
    local parts=(test_json test_dict test_list test_threading test_multiprocessing_fork test_subprocess)
    local allocator
    for allocator in malloc pymalloc; do
        [[ $allocator == malloc ]] || parts=(test_json test_threading test_subprocess)
        # The whole takes minutes, single results are in the file.
        PYTHONMALLOC=$allocator PYTHONHASHSEED=0 PYTHONDONTWRITEBYTECODE=1 \
            /usr/bin/python3.11 -m test --tempdir "$PWD" --junit-xml "$PWD/results.xml" "${parts[@]}" >tests.log 2>&1 ||
            tail -n 100 tests.log >&2
        echo "$allocator:"
        /usr/bin/python3.11 "$SAMPLES/test_results.py" results.xml
    done
}
