# Runs a main class with the flags that every process of Redoubt gets.

# run_built MODULE MEGABYTES MAIN ARGUMENT...: builds if needed, then becomes that process.
run_built() {
    build
    run_java "$@"
}

# run_java MODULE MEGABYTES MAIN ARGUMENT...
run_java() {
    local module=$1 megabytes=$2 main=$3 path
    shift 3
    if [ "$RUN" = target ]; then # a test: the classes as this build left them
        path=$ROOT/$module/target/classes:$(cat "$ROOT/$module/target/classpath")
    else
        path=$RUN/$module:$(cat "$RUN/$module.classpath" 2>/dev/null || true)
    fi
    if [ ! -d "${path%%:*}" ]; then refuse 1 "this tree has no module '$module' to run."; fi
    local -a flags=(-XX:+UseSerialGC "-Xmx${megabytes}m" --enable-native-access=ALL-UNNAMED
        --sun-misc-unsafe-memory-access=allow "-Dredoubt.root=$ROOT" "-Dredoubt.classes=$RUN")
    case $module in
        cli | dist) flags+=(-XX:TieredStopAtLevel=1 -Xshare:auto) ;;
        simulation) flags+=(--add-opens java.base/java.lang=ALL-UNNAMED) ;;
    esac
    exec "$JAVA_HOME/bin/java" "${flags[@]}" -cp "$path" "$main" "$@"
}

# What a region needs of its host: room, QEMU and its tools, the classes.
ready_for_region() {
    require_room /proc/meminfo "$REDOUBT_HOME" "$ROOT"
    require_packages build region
    build
}
