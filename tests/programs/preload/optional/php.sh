# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034 # read by runner.sh
# PHP with its own allocator of small objects and, with USE_ZEND_ALLOC=0, with every object on malloc.
needs=(php)
optional="scripts/setup.sh --programs"
witnesses=('php*')

exercise() {
    php -n "$SAMPLES/load.php"
    USE_ZEND_ALLOC=0 php -n "$SAMPLES/load.php"
}
