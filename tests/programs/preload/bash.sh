# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034 # read by runner.sh
# bash itself: subshells, command and process substitution, arrays, long strings, co-processes, traps.
needs=(bash)
witnesses=(bash)

exercise() {
    local -a squares=()
    local -A lengths=()
    local i text=""
    for ((i = 0; i < 6000; i++)); do
        squares+=($((i * i)))
        text+="word$i "
        lengths["key$((i % 500))"]=${#text}
    done
    echo "${#squares[@]} ${squares[5999]} ${#text} ${#lengths[@]} ${lengths[key7]}"
    echo "${text//word1/X}" | cksum

    for ((i = 0; i < 100; i++)); do
        # shellcheck disable=SC2030 # what a subshell changes is to be lost
        (
            text+="in subshell $i"
            squares=("${squares[@]:0:10}")
            echo "$i ${#text} $(printf '%s,' "${squares[@]}")"
        )
    done | cksum

    while read -r line; do
        echo "read: $line"
    done < <(for word in one two three; do echo "$word $(tr '[:lower:]' '[:upper:]' <<<"$word")"; done)

    coproc { while read -r line; do echo "answer to $line"; done; }
    for i in 1 2 3; do
        echo "question $i" >&"${COPROC[1]}"
        read -r line <&"${COPROC[0]}"
        echo "$line"
    done
    eval "exec ${COPROC[1]}>&-"
    wait

    bash -c 'trap "echo caught" USR1; kill -USR1 $$; trap "echo leaving" EXIT; exit 3' || echo "status $?"
    for i in 1 2 3 4 5 6 7 8; do (exit "$i") & done
    wait
    # shellcheck disable=SC2031
    echo "pattern: ${text:0:40}" | { IFS=' ' read -ra words; printf '<%s>' "${words[@]}"; echo; }
}
