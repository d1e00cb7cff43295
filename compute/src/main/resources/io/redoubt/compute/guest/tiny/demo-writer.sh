#!/bin/sh
# The writer of the demo. It numbers its writes; write n goes
#   1. as a row into a database on the first disk (sqlite, WAL, synchronous=FULL),
#   2. then as a file onto the second disk (XFS), synced, and under its name only when it is whole,
#   3. then to the serial line: "ACK n".
# So at any instant the second disk holds what the first one holds, or one number less; nothing else is consistent.
#
# At each start it says first what it found:
#   FOUND rows= minid= maxid= gaps= badrows= integrity= files= second= missing= badsums= fsck= xfs= lastat=
#     rows, minid, maxid  of the database; gaps: numbers missing between them; badrows: rows whose checksum is wrong
#     integrity           the database's own check
#     files, second       files on the second disk and the highest number among them; missing: files that should be there
#     badsums             files whose checksum is wrong
#     fsck, xfs           status of the file systems' checks: 0 is clean, "none" is no file system there
#     lastat              when the last row was written, by the guest's clock, milliseconds since 1970
# With the seed opt/redoubt/mode = verify the checks are the full ones, nothing is written, and the line begins with VERIFIED.
PATH=/bin:/sbin:/usr/bin:/usr/sbin
seeds=/sys/firmware/qemu_fw_cfg/by_name/opt/redoubt
db=/data/t.db
second=/second
ring=8192    # files on the second disk: number n replaces number n - ring
kept=50000   # rows in the database
pace=30000   # microseconds between two writes

seed() { cat "$seeds/$1/raw" 2>/dev/null; }
fail() {
    echo "WRITER-FAILED $*"
    exit 1
}

find_second() {
    for disk in /sys/block/vd*; do
        [ "$(cat "$disk/serial")" = data ] && { echo "/dev/${disk##*/}"; return; }
    done
    echo /dev/vdb
}

# Mounting replays the log of XFS; only then can xfs_repair judge the rest.
mount_second() {
    xfs=none
    [ "$(head -c 4 "$device")" = XFSB ] || return 0
    xfs=unmountable
    mount -t xfs -o noatime "$device" $second || return 0
    xfs=0
    [ "$mode" = verify ] || return 0
    umount $second
    xfs_repair -n "$device" >/run/xfs_repair.log 2>&1
    xfs=$?
    mount -t xfs -o ro,norecovery "$device" $second
}

report() {
    word=$1
    rows=0 minid=0 maxid=0 badrows=0 lastat=0 integrity=none
    if [ -f $db ]; then
        integrity=$(sqlite3 $db 'pragma integrity_check' 2>&1 | head -n 1 | tr ' ' _)
        set -- $(sqlite3 -separator ' ' $db "select count(*), coalesce(min(id),0), coalesce(max(id),0),
            coalesce(sum(sum<>hex(sha3(id||' '||body,256))),0), coalesce(max(at),0) from t" 2>/dev/null)
        [ $# -eq 5 ] && rows=$1 minid=$2 maxid=$3 badrows=$4 lastat=$5
    fi
    files=0 highest=0 badsums=0
    if [ "$xfs" = 0 ]; then
        # A file is one line: checksum, number, the row's bytes.
        set -- $(sqlite3 -separator ' ' :memory: "select count(*), coalesce(max(cast(substr(line,66) as integer)),0),
            coalesce(sum(substr(line,1,64)<>hex(sha3(rtrim(substr(line,66),char(10)),256))),0)
            from (select cast(data as text) line from fsdir('$second/files') where name glob '*/f[0-9]*')" 2>/dev/null)
        [ $# -eq 3 ] && files=$1 highest=$2 badsums=$3
    fi
    gaps=0
    [ "$rows" -eq 0 ] || gaps=$((maxid - minid + 1 - rows))
    missing=$((highest < ring ? highest - files : ring - files))
    echo "$word rows=$rows minid=$minid maxid=$maxid gaps=$gaps badrows=$badrows integrity=$integrity files=$files" \
        "second=$highest missing=$missing badsums=$badsums fsck=$(cat /run/fsck) xfs=$xfs lastat=$lastat"
}

make_second() {
    mkfs.xfs -q -K "$device" || fail "no XFS could be made on $device (it needs 300 MiB)"
    mount -t xfs -o noatime "$device" $second || fail "the new XFS on $device could not be mounted"
    xfs=0
}

# One sqlite3 for all writes: starting a program costs more than a commit. Its answers come through a pipe that it opens for
# each, because its own output would stay in a buffer.
start_database() {
    mkdir -p /data
    rm -f /run/sql.in /run/sql.out
    mkfifo /run/sql.in /run/sql.out
    sqlite3 -bail $db </run/sql.in >/dev/null &
    database=$!
    exec 3>/run/sql.in 4<>/run/sql.out
    echo "pragma journal_mode=wal; pragma synchronous=full;
        create table if not exists t(id integer primary key, at integer, body text, sum text);" >&3
}

# Commits number n; afterwards $line is what belongs into its file.
commit_row() {
    echo "insert into t select id, at, body, hex(sha3(id||' '||body,256)) from (select $n id,
        cast((julianday('now')-2440587.5)*86400000 as integer) at, hex(randomblob(200)) body);
        select writefile('/run/sql.out', sum||' '||id||' '||body||char(10)) from t where id=$n;" >&3
    until read -t 5 -r line <&4; do
        kill -0 $database 2>/dev/null || fail "the database has ended at number $n"
    done
    [ $((n % 1000)) -ne 0 ] || echo "delete from t where id <= $n - $kept;" >&3
}

store_file() {
    echo "$line" >$second/files/next && sync $second/files/next &&
        mv $second/files/next "$second/files/f$((n % ring))" && sync $second/files ||
        fail "number $n could not be stored on the second disk"
}

mode=$(seed mode)
device=$(find_second)
modprobe xfs
mkdir -p $second
mount_second
if [ "$mode" = verify ]; then
    report VERIFIED
    exit 0
fi
report FOUND
if [ "$xfs" = none ]; then
    # A disk is only ever formatted for a writer that has not written yet.
    [ "$rows" -eq 0 ] || fail "the database has $rows rows, but $device holds no XFS"
    make_second
fi
[ "$xfs" = 0 ] || fail "the XFS on $device cannot be mounted"
mkdir -p $second/files
start_database
n=$maxid
echo "WRITING from $((n + 1))"
while :; do
    n=$((n + 1))
    commit_row
    store_file
    echo "ACK $n"
    usleep $pace
done
