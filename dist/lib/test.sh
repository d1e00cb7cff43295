# The two gates: `check` is the fast one, `test` is check and every test that is not tagged long.

run_check() {
    if [ $# -gt 0 ]; then refuse 2 "check takes no arguments, got: $*" "See ./redoubt check --help"; fi
    require_packages build
    with_build_lock run_maven spotless:check test -Dtest=ArchitectureTest || exit 1
    note "check passed: format, compiler warnings, null checks, architecture"
}

run_tests() {
    local name='' long='' word
    local -a maven=() proof=() modules=()
    for word in "$@"; do
        case $word in
            --long) long=yes ;;
            -D?*) maven+=("$word") ;;
            -*) refuse 2 "test has no option '$word'." "See ./redoubt test --help" ;;
            *)
                if [ -n "$name" ]; then refuse 2 "test takes one name, got '$name' and '$word'." "Several: ./redoubt test 'OneTest,OtherTest'"; fi
                name=$word
                ;;
        esac
    done
    require_room /proc/meminfo "$ROOT"
    require_packages build
    offer_packages region test
    if [ -n "$name" ]; then
        maven+=(test "-Dtest=$name")
        read -ra modules <<<"$(modules_with "$name")"
        if [ ${#modules[@]} -gt 0 ]; then
            maven+=(-am -pl "$(IFS=, && printf '%s' "${modules[*]},dist")") # dist has the verdict
        fi
        proof+=(--name "$name")
        long=yes # who names a test wants it to run
    else
        with_build_lock run_maven spotless:check || exit 1 # of all modules, before the first test of any
        # Two modules at a time: many tests wait for grants, links and guests, and half of two processors would stand idle.
        maven=(-T2 test "${maven[@]}")
    fi
    if [ -n "$long" ]; then
        maven+=(-Dtest.excludedGroups=)
        proof+=(--long)
    fi
    if [ "${CI-}" = true ]; then proof+=(--complete); fi
    with_build_lock tests_locked "${maven[@]}" || exit 1
    RUN=target
    run_java dist 96 io.redoubt.dist.proof.ProofMain "${proof[@]}" "$ROOT"
}

# modules_with NAME: the modules that have a test class of this name; none for a pattern.
modules_with() {
    local file
    for file in "$ROOT"/*/src/test/java; do
        if [ -n "$(find "$file" -name "${1%%#*}.java" -print -quit)" ]; then
            file=${file%/src/test/java}
            printf '%s ' "${file##*/}"
        fi
    done
}

tests_locked() {
    local run
    run=$ROOT/target/run/$(stamp)
    note "Testing Redoubt: the whole log is $MAVEN_LOG"
    find "$ROOT" -path '*/target/surefire-reports' -prune -exec rm -rf -- {} +
    run_maven -Dmaven.test.failure.ignore=true "$@" || return 1
    case " $* " in
        *" -pl "*) ;;
        *) keep_classes "$run" && printf '%s\n' "$run" >"$ROOT/target/run/newest" ;; # the next verb need not build
    esac
}
