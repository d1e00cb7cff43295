#!/bin/sh
# Holds a SQLite database for the instant of a point: its write-ahead log is empty, and nobody is in a transaction or begins one.
db=/data/t.db
run=/run/freeze-t.db

# Fails when the database was not held until now.
release() {
    [ -f $run.pids ] || return 0
    read -r holder bound <$run.pids
    kill -0 "$holder"
    held=$?
    kill "$bound" || held=1
    rm -f $run.*
    return $held
}

hold() {
    mkfifo $run.in
    sqlite3 -bail -cmd '.timeout 2000' $db <$run.in &
    holder=$!
    sleep 40 >$run.in & # longer than any freeze: when nobody thaws, the database goes on by itself
    echo $holder $! >$run.pids
    exec 3>$run.in
    for try in 1 2 3 4 5 6 7 8 9; do
        echo "pragma wal_checkpoint(truncate); begin exclusive; select writefile('$run.held', 'yes');" >&3
        until [ -s $run.held ]; do
            kill -0 $holder || return 1 # somebody else had it for longer than the timeout
            sleep 0.02
        done
        [ -s $db-wal ] || return 0
        rm $run.held
        echo "rollback;" >&3 # a transaction came between the two: once more
    done
    return 1
}

case $1 in
freeze)
    release
    hold || {
        release
        exit 1
    }
    ;;
thaw) release ;;
esac
