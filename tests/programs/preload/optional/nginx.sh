# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034 # read by runner.sh
# nginx with two workers, compression and includes, under wrk. Then its answers are compared byte by byte.
PATH=$PATH:/usr/sbin
needs=(nginx wrk curl python3)
optional="scripts/setup.sh --programs"
witnesses=(nginx wrk curl)

exercise() {
    # shellcheck source=tests/programs/preload/servers.sh
    source "$SAMPLES/../preload/servers.sh"
    local port pid page
    mkdir pages temporary
    for page in 1 2 3; do
        for ((i = 0; i < 4000 * page; i++)); do echo "<p>line $i of $page</p>"; done >"pages/$page.html"
    done
    echo '<!--#include file="1.html" --><!--#echo var="DOCUMENT_URI" --><!--#include file="3.html" -->' >pages/all.shtml
    port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    cat >nginx.conf <<CONF
daemon off;
user root;
worker_processes 2;
pid nginx.pid;
error_log server.log notice;
events { worker_connections 256; }
http {
    access_log access.log;
    types { text/html html shtml; }
    gzip on;
    gzip_min_length 1;
    ssi on;
    client_body_temp_path temporary/body;
    proxy_temp_path temporary/proxy;
    fastcgi_temp_path temporary/fastcgi;
    uwsgi_temp_path temporary/uwsgi;
    scgi_temp_path temporary/scgi;
    server { listen 127.0.0.1:$port; root pages; autoindex on; autoindex_exact_size on;
             location /again/ { proxy_pass http://127.0.0.1:$port/; proxy_buffers 8 16k; } }
}
CONF
    nginx -p "$PWD" -e server.log -c nginx.conf 2>>start.log &
    pid=$!
    kill_at_exit "$pid"
    await server.log "start worker process " "$pid"
    require_library "$pid"

    for page in 1.html all.shtml again/2.html; do
        wrk -t 2 -c 20 -d 2s -H 'Accept-Encoding: gzip' "http://127.0.0.1:$port/$page" >"wrk.log"
        grep -E 'Non-2xx|Socket errors' wrk.log || echo "$page: no errors"
        grep -qE '^ +[1-9][0-9]* requests in' wrk.log || cat wrk.log
    done
    for page in 1.html 2.html 3.html all.shtml again/all.shtml again/3.html; do
        echo "$page $(curl -s "http://127.0.0.1:$port/$page" | cksum)" \
            "$(curl -s --compressed "http://127.0.0.1:$port/$page" | cksum)"
    done
    curl -s -o /dev/null -w '%{http_code}\n' "http://127.0.0.1:$port/nothing"
    kill -HUP "$pid" # starts new workers and ends the old ones
    curl -s "http://127.0.0.1:$port/1.html" | cksum
    kill -QUIT "$pid"
    wait "$pid" && echo "the server ended well"
    grep -E '\[(alert|emerg|crit)\]' server.log || echo "no alarm in the log"
}
