# Words to the person at the terminal. Everything that is not a result goes to standard error.

note() { printf '%s\n' "$*" >&2; }

# refuse STATUS WHAT [REMEDY LINE...]: says what is wrong, what to do next, and leaves. 2 = asked wrongly, 3 = the host lacks something.
refuse() {
    local status=$1 what=$2 line
    shift 2
    note "redoubt: $what"
    for line in "$@"; do note "  $line"; done
    exit "$status"
}

# tenths KIB: a size in GiB with one decimal.
tenths() {
    local tenth=$(($1 * 10 / 1048576))
    printf '%d.%d GiB' $((tenth / 10)) $((tenth % 10))
}
