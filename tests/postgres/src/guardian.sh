# Stops the servers in the folder $1 once nobody has held its lock for $2 looks, $3 seconds apart. Then the folder is empty but
# for the lock, which others may be waiting for.
cd "$1" || exit 1
exec 9<lock
unused=0
while [ "$unused" -lt "$2" ]; do
    sleep "$3"
    if flock -n -x 9; then
        unused=$((unused + 1))
        [ "$unused" -lt "$2" ] && flock -u 9
    else
        unused=0
    fi
done
rm -f ready
[ -f pgbouncer.pid ] && kill -QUIT "$(cat pgbouncer.pid)"
if [ -f data/postmaster.pid ]; then
    postmaster=$(head -n 1 data/postmaster.pid)
    kill -QUIT "$postmaster"
    waits=0
    while [ -d "/proc/$postmaster" ] && [ "$waits" -lt 50 ]; do
        sleep 0.1
        waits=$((waits + 1))
    done
fi
rm -rf data pgbouncer.*
