# What the host must be: Linux on x86_64, with room for two zones and a guest.

MEMORY_NEEDED_KIB=$((4 * 1048576))
DISK_NEEDED_KIB=$((5 * 1048576))

require_platform() {
    local host
    host=$(uname -sm)
    if [ "$host" = "Linux x86_64" ]; then return 0; fi
    refuse 3 "this host is $host; Redoubt runs on Linux on x86_64." \
        "Use such a machine, or a virtual machine of that kind with 4 GiB of memory."
}

# require_room MEMINFO DIRECTORY...: enough memory that is available, enough disk below each directory.
require_room() {
    local meminfo=$1 key value directory free
    shift
    while read -r key value _; do
        if [ "$key" = MemAvailable: ] && [ "$value" -lt "$MEMORY_NEEDED_KIB" ]; then
            refuse 3 "$(tenths "$value") of memory is available; Redoubt needs $(tenths $MEMORY_NEEDED_KIB)." \
                "Stop other programs, or give the machine more memory."
        fi
    done <"$meminfo"
    for directory in "$@"; do
        while [ ! -d "$directory" ]; do directory=$(dirname -- "$directory"); done
        free=$(df -Pk -- "$directory" | awk 'NR == 2 { print $4 }')
        if [ "$free" -lt "$DISK_NEEDED_KIB" ]; then
            refuse 3 "$directory has $(tenths "$free") of free disk; Redoubt needs $(tenths $DISK_NEEDED_KIB)." \
                "Free some, or set REDOUBT_HOME to a directory on a larger disk."
        fi
    done
}

# Where a region lives unless REDOUBT_HOME says otherwise. The Java side knows only the variable.
choose_home() {
    if [ -z "${REDOUBT_HOME-}" ]; then
        if [ "$(id -u)" = 0 ]; then
            REDOUBT_HOME=/var/lib/redoubt
        else
            REDOUBT_HOME=${HOME:?is not set, and REDOUBT_HOME is not either}/.local/share/redoubt
        fi
    fi
    case $REDOUBT_HOME in
        /*) ;;
        *) REDOUBT_HOME=$PWD/$REDOUBT_HOME ;;
    esac
    export REDOUBT_HOME
}
