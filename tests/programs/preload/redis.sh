# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034 # read by runner.sh
# redis-server under redis-benchmark. Debian's server is linked against jemalloc. Named calls to jemalloc must not get
# blocks of Ashlar, nor the other way round. Compares the keys, not the speed.
needs=(redis-server redis-cli redis-benchmark)
witnesses=(redis-server redis-benchmark redis-cli)

exercise() {
    # shellcheck source=tests/programs/preload/servers.sh
    source "$SAMPLES/../preload/servers.sh"
    local socket=$PWD/socket pid
    redis-server --port 0 --unixsocket "$socket" --save "" --appendonly no --dir "$PWD" \
        --enable-debug-command yes >server.log &
    pid=$!
    kill_at_exit "$pid"
    await server.log "ready to accept connections" "$pid"
    require_library "$pid"

    redis-benchmark -s "$socket" -q -n 10000 -c 20 -P 8 -d 100 \
        -t set,get,incr,lpush,rpush,lpop,rpop,sadd,hset,zadd,lrange_100,mset >benchmark.log
    local answer
    answer() { redis-cli -s "$socket" "$@"; }
    answer dbsize
    answer debug digest
    answer llen mylist
    answer get counter:__rand_int__
    answer eval 'for i = 1, 20000 do redis.call("set", "key" .. i, string.rep("v", i % 700)) end' 0
    answer eval 'for i = 1, 20000, 2 do redis.call("del", "key" .. i) end' 0
    answer --raw strlen key1398
    answer memory doctor >/dev/null # calls jemalloc
    answer memory purge
    answer bgsave >/dev/null
    answer config set activedefrag yes 2>/dev/null | head -c 2
    echo
    answer debug digest
    answer flushall
    answer dbsize
    answer shutdown nosave || true
    wait "$pid" && echo "the server ended well"
}
