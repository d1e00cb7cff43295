# Builds when a source changed, one build at a time, into classes that a running region keeps.
#
# target/run/STAMP/ holds a copy of every module's classes and its class path; STAMP is a hash over the sources.
# A region that runs from an older copy is not disturbed by a build: its directory stays until its processes are gone.

MAVEN_LOG=$ROOT/target/build.log

# Sets RUN to the classes of the sources as they stand, building them first if there are none.
build() {
    if [ -n "${REDOUBT_CLASSES-}" ]; then # a process of a region, or of a test: the same code as the one that started it
        RUN=$REDOUBT_CLASSES
        return 0
    fi
    RUN=$ROOT/target/run/$(stamp)
    if [ -e "$RUN/complete" ]; then return 0; fi
    require_packages build
    with_build_lock build_locked || exit 1
    RUN=$(cat "$ROOT/target/run/newest")
}

# Names, sizes and times of all that goes into the classes. No git: a tarball of the sources will do.
stamp() {
    {
        printf '%s\n' "$JAVA_HOME"
        find "$ROOT" \( -name .git -o -name target -o -name node_modules -o -path '*/src/test' \) -prune \
            -o -type f \( -name pom.xml -o -path '*/src/main/*' \) -printf '%P %s %T@\n' | LC_ALL=C sort
    } | sha256sum | cut -c1-16
}

# with_build_lock COMMAND...: waits for another build of this tree, then runs the command with the lock held.
with_build_lock() {
    if ! mkdir -p "$ROOT/target/run" 2>/dev/null || ! [ -w "$ROOT/target" ]; then
        refuse 3 "$ROOT/target cannot be written by $(id -un)." \
            "Give it to this user (chown -R), or work in a copy of the sources of your own."
    fi
    (
        exec 9>"$ROOT/target/build.lock"
        if ! flock -n 9; then
            note "Waiting for another build of this tree ..."
            flock 9
        fi
        "$@"
    )
}

build_locked() {
    local run
    run=$ROOT/target/run/$(stamp)
    if [ ! -e "$run/complete" ]; then # else the build we waited for was ours
        note "Building Redoubt (first use, or sources changed) ..."
        run_maven process-classes || return 1 # `set -e` sleeps inside a condition
        keep_classes "$run" || return 1
    fi
    printf '%s\n' "$run" >"$ROOT/target/run/newest"
}

# run_maven ARGUMENT...: one line per module, everything else into the log; the errors when it fails.
run_maven() {
    local seconds=$SECONDS
    if ! (cd "$ROOT" && mvn -B -ntp -Dstyle.color=never "$@" 9>&- 2>&1) | tee "$MAVEN_LOG" | maven_progress; then
        note "redoubt: the build failed. Its errors:"
        maven_errors
        note "  The whole log: $MAVEN_LOG"
        return 1
    fi
    note "  done in $((SECONDS - seconds)) s"
}

# What the log says is wrong, once each, without Maven's advice.
maven_errors() {
    sed -nE 's/\x1b\[[0-9;]*m//g; s/ -> \[Help 1\]$//; /^\[ERROR\] *$/d; /\[Help 1\]|stack trace|Re-run Maven|For more information|After correcting|-rf :/d; /^(\[ERROR\]|Error)/p' "$MAVEN_LOG" |
        awk '!seen[$0]++' | head -n 40 | cut -c1-600 >&2
}

# Reads Maven's log, shows which module is being built, and which test class failed or took long.
maven_progress() {
    awk '
        /^\[INFO\] Building Redoubt: / { line = $0; sub(/^\[INFO\] Building Redoubt: /, "", line); sub(/ +[0-9.]+(-SNAPSHOT)? +/, " ", line)
            printf "  %s\n", line; fflush() }
        /Tests run: .* -- in / && (/FAILURE|ERROR/ || $0 ~ /elapsed: [0-9][0-9]+\./) { sub(/^\[[A-Z]+\] */, ""); printf "    %s\n", $0; fflush() }
    ' >&2
}

# keep_classes DIRECTORY: copies the classes of all modules, and throws away the copies that no process uses.
keep_classes() {
    local run=$1 module old
    rm -rf -- "$run"
    mkdir -p "$run"
    for module in "$ROOT"/*/target/classpath; do
        module=${module%/target/classpath} module=${module##*/}
        if [ ! -d "$ROOT/$module/target/classes" ]; then continue; fi
        cp -a -- "$ROOT/$module/target/classes" "$run/$module"
        # The class path of a module names its siblings in the tree; here they are the copies.
        sed -E "s#(^|:)$ROOT/([^/:]+)/target/classes#\1$run/\2#g" "$ROOT/$module/target/classpath" >"$run/$module.classpath"
    done
    touch "$run/complete"
    for old in "$ROOT"/target/run/*/; do
        old=${old%/}
        if [ "$old" != "$run" ] && ! grep -qsaF -- "$old" /proc/[0-9]*/cmdline; then rm -rf -- "$old"; fi
    done
}
