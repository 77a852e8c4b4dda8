# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034 # read by runner.sh
# PostgreSQL: a new cluster, four connections of pgbench with a fixed seed, sorts, hashes and aggregates over its
# data, a vacuum. The server refuses to run as root, so root runs all of it as nobody.
postgres_bin=$(find /usr/lib/postgresql -maxdepth 2 -name bin 2>/dev/null | sort -V | tail -n 1)
needs=("${postgres_bin:-/usr/lib/postgresql}/initdb" pgbench psql setpriv)
optional="scripts/setup.sh --programs"
witnesses=(initdb postgres pgbench psql)

exercise() {
    # shellcheck source=tests/programs/preload/servers.sh
    source "$SAMPLES/../preload/servers.sh"
    local as=(env) here=$PWD pid
    if [[ $EUID -eq 0 ]]; then
        chmod 755 .. && chmod 777 . && chmod 666 "$PRELOAD_WITNESS"
        as=(setpriv --reuid=65534 --regid=65534 --clear-groups)
    fi
    "${as[@]}" "$postgres_bin/initdb" -D data --no-locale -E UTF8 -A trust -U tester --no-sync >initdb.log
    "${as[@]}" "$postgres_bin/postgres" -D data -k "$here" -c listen_addresses= -c fsync=off \
        -c shared_buffers=16MB -c work_mem=1MB >server.log 2>&1 &
    pid=$!
    kill_at_exit "$pid" # its children notice its end
    await server.log "ready to accept connections" "$pid"
    require_library "$pid"
    local connection=(-h "$here" -U tester)

    "${as[@]}" pgbench "${connection[@]}" -i -q -s 3 postgres 2>>server.log
    "${as[@]}" pgbench "${connection[@]}" -n -c 4 -j 2 -t 500 --random-seed=1 postgres |
        grep -E 'number of (transactions|failed)'
    "${as[@]}" psql "${connection[@]}" -XqAt postgres <<'SQL'
SELECT count(*), sum(delta) FROM pgbench_history;
SELECT (SELECT sum(abalance) FROM pgbench_accounts) = (SELECT sum(bbalance) FROM pgbench_branches);
SELECT (SELECT sum(tbalance) FROM pgbench_tellers) = (SELECT sum(delta) FROM pgbench_history);
SELECT md5(string_agg(aid::text || filler, ',' ORDER BY filler, aid DESC)) FROM pgbench_accounts;
SELECT count(*) FROM pgbench_accounts a JOIN pgbench_accounts b ON a.aid = b.aid + 1 WHERE a.bid = b.bid;
CREATE TABLE words AS SELECT i, repeat(md5(i::text), 1 + i % 50) AS word FROM generate_series(1, 20000) i;
CREATE INDEX ON words (md5(word), i);
SELECT length(word), count(*), max(md5(word)) FROM words GROUP BY 1 ORDER BY 1;
SELECT count(DISTINCT substr(word, 1, 3)), md5(jsonb_agg(word ORDER BY i)::text) FROM words WHERE i % 7 = 0;
DO $$ BEGIN FOR i IN 1..2000 LOOP
    EXECUTE format('SELECT %s + count(*) FROM words WHERE i = %s', i, i);
END LOOP; END $$;
VACUUM FULL ANALYZE;
SELECT count(*) FROM words;
SQL
    kill -INT "$pid"
    wait "$pid" && echo "the server ended well"
}
