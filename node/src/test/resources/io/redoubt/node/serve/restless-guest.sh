#!/bin/sh
# A guest that writes until somebody ends it: two databases, and files that come and go, on two file systems.
#
#   ext4, first disk:  /data/t.db, a database with a write-ahead log (synchronous=FULL)
#   XFS, second disk:  /second/u.db, a database with a rollback journal (synchronous=EXTRA: a commit survives the power, too)
#
# Transaction n is a row in the first, then the same row in the second, then "ACK n" on the serial line. Beside them files are
# written, deleted and trimmed on both disks, mostly unsynced, so that a kill finds metadata under way.
#
# At each start it first says what it found, on one line that begins with FOUND; when it was told to end (the file /run/over) the same
# with FINISHED:
#   t, trows, tbad, tcheck  highest number in t.db, its rows, rows with a wrong checksum, the database's own integrity check
#   u, urows, ubad, ucheck  the same of u.db
#   fsck, replayed          status of a full check of the ext4 after its journal was replayed, and how often that was so
#   xfs, recovered          status of xfs_repair -n after the log was replayed, and how often that was so
#   kept, lost              files that were written since the start and stayed, and those of them with other bytes now
#   errors                  lines of the kernel about failed requests or damaged file systems
# The seed opt/redoubt/mode must be "verify": the root file system is then checked in full before it is mounted.
PATH=/bin:/sbin:/usr/bin:/usr/sbin
over=/run/over
kept_max=300

fail() {
    echo "GUEST-FAILED $*"
    exit 1
}

for disk in /sys/block/vd*; do
    [ "$(cat "$disk/serial")" != data ] || device=/dev/${disk##*/}
done
[ -n "$device" ] || fail "no disk has the serial number data"

# Mounting replays the log; only then can xfs_repair judge the rest.
check_second() {
    mount -t xfs "$device" /second || fail "the XFS on $device cannot be mounted"
    umount /second
    xfs_repair -n "$device" >/run/xfs_repair.log 2>&1
    xfs=$?
    mount -t xfs -o noatime "$device" /second
}

# Of one table: highest number, rows, rows with a wrong checksum, integrity.
look() {
    [ -f "$1" ] || { echo "0 0 0 none"; return; }
    sqlite3 -separator ' ' "$1" "select coalesce(max(id),0), count(*),
        coalesce(sum(sum<>hex(sha3(id||' '||body,256))),0) from $2" 2>&1 | tr '\n' ' '
    sqlite3 "$1" 'pragma integrity_check' 2>&1 | head -n 1 | tr ' ' _
}

say() {
    set -- "$1" $(look /data/t.db t) $(look /second/u.db u)
    lost=0
    [ ! -s /run/kept ] || lost=$(md5sum -c /run/kept 2>&1 | grep -vc ': OK$')
    touch /run/kept
    echo "$1 t=$2 trows=$3 tbad=$4 tcheck=$5 u=$6 urows=$7 ubad=$8 ucheck=$9" \
        "fsck=$(cat /run/fsck) replayed=$(grep -c 'recovering journal' /run/fsck.log)" \
        "xfs=$xfs recovered=$(dmesg | grep -c 'XFS.*Starting recovery')" \
        "kept=$(wc -l </run/kept) lost=$lost" \
        "errors=$(dmesg | grep -ciE 'I/O error|EXT4-fs.*error|XFS.*(corrupt|shut.*down)') end"
    highest=$2
}

noise() {
    i=0
    while [ ! -f $over ]; do
        i=$((i + 1))
        mkdir -p "$1/noise/$((i % 16))"
        dd if=/dev/urandom of="$1/noise/$((i % 16))/f$i" bs=7k count=$((i % 40 + 1)) 2>/dev/null
        [ $((i % 3)) -ne 0 ] || rm -rf "$1/noise/$(((i + 5) % 16))"
        [ $((i % 10)) -ne 0 ] || sync
        [ $((i % 25)) -ne 0 ] || fstrim "$1"
        usleep 20000
    done
}

keep() {
    rm -rf /second/kept
    mkdir -p /second/kept
    i=0
    while [ ! -f $over ] && [ $i -lt $kept_max ]; do
        i=$((i + 1))
        dd if=/dev/urandom of=/second/kept/k$i bs=16k count=4 2>/dev/null
        md5sum /second/kept/k$i >>/run/kept
        usleep 50000
    done
}

modprobe xfs
mkdir -p /second
if [ "$(head -c 4 "$device")" != XFSB ]; then
    [ ! -f /data/t.db ] || fail "the XFS of the second disk is gone"
    mkfs.xfs -q "$device" || fail "no XFS could be made"
fi
check_second
say FOUND

noise /data &
one=$!
noise /second &
two=$!
keep &
three=$!

rm -f /run/sql.in /run/sql.out
mkfifo /run/sql.in /run/sql.out
sqlite3 -bail /data/t.db </run/sql.in >/dev/null &
database=$!
exec 3>/run/sql.in 4<>/run/sql.out
echo "attach '/second/u.db' as second;
    pragma main.journal_mode=wal; pragma main.synchronous=full;
    pragma second.journal_mode=delete; pragma second.synchronous=extra;
    create table if not exists main.t(id integer primary key, body text, sum text);
    create table if not exists second.u(id integer primary key, body text, sum text);
    insert into second.u select * from main.t where id > (select coalesce(max(id),0) from second.u);" >&3
echo WRITING
n=$highest
while [ ! -f $over ]; do
    n=$((n + 1))
    echo "with r as materialized (select $n id, hex(randomblob(700)) body)
            insert into main.t select id, body, hex(sha3(id||' '||body,256)) from r;
        insert into second.u select * from main.t where id=$n;
        select writefile('/run/sql.out', '$n'||char(10));" >&3
    until read -t 5 -r done <&4; do
        kill -0 $database 2>/dev/null || fail "the database has ended at number $n"
    done
    echo "ACK $done"
done
exec 3>&-
wait $database $one $two $three
sync
umount /second
echo 3 >/proc/sys/vm/drop_caches
check_second
say FINISHED
echo FINISHED-WHOLE
