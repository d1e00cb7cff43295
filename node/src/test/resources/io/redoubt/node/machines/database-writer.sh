# Transaction n is three rows in a database with a write-ahead log; then "ACK n" on the serial line. Without a rest.
PATH=/bin:/sbin:/usr/bin:/usr/sbin
mkfifo /run/sql.in /run/sql.out
sqlite3 -bail -cmd '.timeout 20000' /data/t.db </run/sql.in >/dev/null &
database=$!
exec 3>/run/sql.in 4<>/run/sql.out
echo "pragma journal_mode=wal; pragma synchronous=full;
    create table if not exists t(n integer, part integer, body text, sum text);" >&3
n=0
while :; do
    n=$((n + 1))
    echo "begin immediate;" >&3
    for part in 1 2 3; do
        echo "with r as materialized (select $n n, hex(randomblob(500)) body)
            insert into t select n, $part, body, hex(sha3(n||' '||body,256)) from r;" >&3
    done
    echo "commit; select writefile('/run/sql.out', '$n'||char(10));" >&3
    until read -t 5 -r done <&4; do
        kill -0 $database 2>/dev/null || {
            echo "GUEST-FAILED the database has ended at number $n"
            exit 1
        }
    done
    echo "ACK $done"
done
