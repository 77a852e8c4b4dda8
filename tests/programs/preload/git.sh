# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034 # read by runner.sh
# git: a repository with some history, packed, checked and read in many ways. Fixed dates and names give fixed hashes.
needs=(git)
witnesses=(git)

exercise() {
    export GIT_AUTHOR_NAME=author GIT_AUTHOR_EMAIL=author@example.org GIT_CONFIG_NOSYSTEM=1
    export GIT_COMMITTER_NAME=committer GIT_COMMITTER_EMAIL=committer@example.org
    git init -q -b main repository
    cd repository || return
    local commit file
    for commit in {1..12}; do
        mkdir -p "folder$((commit % 3))"
        for file in {1..25}; do
            for line in {1..40}; do
                echo "line $line of file $file, $((line * file % (commit + 7)))"
            done >"folder$((commit % 3))/file$file"
        done
        export GIT_AUTHOR_DATE="2001-02-03T04:05:$((commit + 10))Z"
        export GIT_COMMITTER_DATE=$GIT_AUTHOR_DATE
        git add .
        git commit -q -m "Commit number $commit"
        if ((commit == 6)); then git checkout -q -b side; fi
        if ((commit == 9)); then git checkout -q main; fi
    done
    git merge -q --no-edit -s ours side
    git log --graph --stat --format='%H %an %ad %s'
    git diff --stat HEAD~2 HEAD
    git diff -M HEAD~3 HEAD | cksum
    git blame folder1/file7 | cksum
    git -c pack.threads=2 gc --quiet --aggressive --prune=now
    git fsck --full --strict
    git verify-pack -v .git/objects/pack/*.idx | cksum
    git clone -q . ../clone
    git -C ../clone rev-parse HEAD
    git -C ../clone status --short
    git grep -c 'file 7,' | cksum
    git archive HEAD | cksum
    git log --format=%s --grep 'number 1[0-9]*$' -E
}
