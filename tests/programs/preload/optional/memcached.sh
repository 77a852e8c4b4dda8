# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034 # read by runner.sh
# memcached with four threads. Eight clients at once set, append, read, replace and delete values of 1 byte to 300 kB,
# each with its own keys.
needs=(memcached python3)
optional="scripts/setup.sh --programs"
witnesses=(memcached 'python3*')

exercise() {
    # shellcheck source=tests/programs/preload/servers.sh
    source "$SAMPLES/../preload/servers.sh"
    local as=() pid
    [[ $EUID -ne 0 ]] || as=(-u root)
    memcached "${as[@]}" -s socket -t 4 -m 256 -vv 2>server.log &
    pid=$!
    kill_at_exit "$pid"
    await server.log "server listening" "$pid"
    require_library "$pid"
    python3 "$SAMPLES/memcached_clients.py" socket
    kill -TERM "$pid"
    wait "$pid" && echo "the server ended well"
}
