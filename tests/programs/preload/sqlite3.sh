# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034 # read by runner.sh
# sqlite3: tables, indices, queries with sorting and grouping, full-text search, vacuum.
needs=(sqlite3)
witnesses=(sqlite3)

exercise() {
    sqlite3 -batch data.db <"$SAMPLES/tables.sql"
    sqlite3 -batch data.db .dump | cksum
    sqlite3 -batch -json data.db 'SELECT * FROM item WHERE id % 9999 = 0 ORDER BY id'
    sqlite3 -batch data.db 'SELECT no_such_column FROM item' 2>&1 || echo "status $?"
    cksum data.db
}
