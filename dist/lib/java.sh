# Finds a JDK that is new enough. A default Java of 17 does no harm: PATH is never asked.

JAVA_NEEDED=25
JVMS=${REDOUBT_JVMS:-/usr/lib/jvm} # another directory of JDKs, for example ~/.sdkman/candidates/java

# Sets and exports JAVA_HOME: the one that is set if it will do, else the oldest under $JVMS that will (25 before 26).
find_jdk() {
    local given=${JAVA_HOME-} candidate version best='' best_version=999
    if [ -n "$given" ]; then
        version=$(jdk_version "$given")
        if [ "$version" -ge "$JAVA_NEEDED" ]; then return 0; fi
    fi
    for candidate in "$JVMS"/*/; do
        version=$(jdk_version "${candidate%/}")
        if [ "$version" -ge "$JAVA_NEEDED" ] && [ "$version" -lt "$best_version" ]; then
            best=${candidate%/} best_version=$version
        fi
    done
    [ -n "$best" ] || no_jdk "$given"
    if [ -n "$given" ]; then
        note "redoubt: JAVA_HOME=$given is $(jdk_words "$given"); using $best"
    fi
    export JAVA_HOME=$best
}

# jdk_version DIRECTORY: the major version of the JDK there, 0 when there is none (a JRE has no compiler).
jdk_version() {
    local key value
    if [ -x "$1/bin/javac" ] && [ -r "$1/release" ]; then
        while IFS='=' read -r key value; do
            if [ "$key" = JAVA_VERSION ]; then
                value=${value//\"/}
                printf '%d' "${value%%[.-]*}"
                return 0
            fi
        done <"$1/release"
    fi
    printf 0
}

jdk_words() {
    local version
    version=$(jdk_version "$1")
    if [ "$version" = 0 ]; then printf 'not a JDK'; else printf 'Java %s, too old' "$version"; fi
}

no_jdk() {
    local what="no JDK $JAVA_NEEDED or newer was found: looked at JAVA_HOME (${1:-not set}) and $JVMS/*." package
    for package in openjdk-25-jdk-headless temurin-25-jdk; do
        if is_debian && apt_has "$package"; then
            refuse 3 "$what" "Install it: $(as_root)apt-get install --no-install-recommends $package"
        fi
    done
    case $(os_release_id) in
        fedora* | rhel* | centos*) refuse 3 "$what" "Install it: $(as_root)dnf install java-latest-openjdk-devel" ;;
        arch*) refuse 3 "$what" "Install it: $(as_root)pacman -S jdk-openjdk" ;;
    esac
    refuse 3 "$what" \
        "The packages known to this host hold none ($(os_release_id); after apt-get update there may be one)." \
        "Download the JDK 25 for Linux x64 as tar.gz from https://adoptium.net/temurin/releases/?version=25, then:" \
        "  $(as_root)mkdir -p $JVMS" \
        "  $(as_root)tar -xzf OpenJDK25U-jdk_x64_linux_hotspot_*.tar.gz -C $JVMS" \
        "and call ./redoubt again: it looks there by itself."
}
