# The verbs: which exist, whose help stands in dist/lib/help, what to suggest for a wrong one.

VERBS=(demo up down status test check sim bench control node volume journal machine group point failover operation region zone pool class datastore completion)

show_help() {
    if [ ! -f "$ROOT/dist/lib/help/$1.txt" ]; then
        known_verb "$1" || wrong_verb "$1"
        exec "$ROOT/redoubt" "$1" --help
    fi
    cat "$ROOT/dist/lib/help/$1.txt"
}

known_verb() {
    local verb
    for verb in "${VERBS[@]}"; do [ "$verb" != "$1" ] || return 0; done
    return 1
}

# The client's verbs print their own help; the verbs of the script have a page here, which needs neither a JDK nor a build.
has_own_help() { [ -f "$ROOT/dist/lib/help/$1.txt" ]; }

asks_help() {
    local word
    for word in "$@"; do
        case $word in -h | --help) return 0 ;; esac
    done
    return 1
}

# `node --zone a` and `volume serve` are processes; `node list` and `volume create` ask the control plane.
is_daemon() {
    case $1:$2 in
        node:--help | node:-h | node:) return 1 ;;
        node:-* | volume:serve) return 0 ;;
    esac
    return 1
}

wrong_verb() {
    local verb best='' distance least=99
    for verb in "${VERBS[@]}"; do
        distance=$(edit_distance "$1" "$verb")
        if [ "$distance" -lt "$least" ]; then least=$distance best=$verb; fi
    done
    if [ "$least" -le 3 ] && [ "$least" -lt ${#1} ]; then
        refuse 2 "there is no verb '$1'." "Did you mean: ./redoubt $best" "All verbs: ./redoubt --help"
    fi
    refuse 2 "there is no verb '$1'." "All verbs: ./redoubt --help"
}

# How many letters must be changed, added or taken away to make one word the other.
edit_distance() {
    local one=$1 other=$2 i j above corner cost
    local -a row=()
    for ((j = 0; j <= ${#other}; j++)); do row[j]=$j; done
    for ((i = 1; i <= ${#one}; i++)); do
        corner=$((i - 1)) row[0]=$i
        for ((j = 1; j <= ${#other}; j++)); do
            above=${row[j]} cost=1
            if [ "${one:i-1:1}" = "${other:j-1:1}" ]; then cost=0; fi
            row[j]=$((corner + cost))
            if ((above + 1 < row[j])); then row[j]=$((above + 1)); fi
            if ((row[j - 1] + 1 < row[j])); then row[j]=$((row[j - 1] + 1)); fi
            corner=$above
        done
    done
    printf '%d' "${row[${#other}]}"
}
