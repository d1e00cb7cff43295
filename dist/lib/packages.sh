# Host packages: seen by their commands, installed when root on Debian or Ubuntu, else named with the command to type.

APT_LOCK_SECONDS=300

os_release_id() {
    local ID=linux ID_LIKE='' PRETTY_NAME=''
    # shellcheck source=/dev/null
    if [ -r /etc/os-release ]; then . /etc/os-release; fi
    printf '%s %s %s' "$ID" "$ID_LIKE" "$PRETTY_NAME"
}

is_debian() {
    case $(os_release_id) in
        *debian* | *ubuntu*) command -v apt-get >/dev/null ;;
        *) return 1 ;;
    esac
}

apt_has() { apt-cache policy "$1" 2>/dev/null | grep -q 'Candidate: [0-9]'; }

as_root() { [ "$(id -u)" = 0 ] || printf 'sudo '; }

# missing_packages NEED...: the packages of these needs whose command is not on this host.
missing_packages() {
    local need package proof wanted
    while read -r need package proof; do
        case $need in '#'* | '') continue ;; esac
        for wanted in "$@"; do
            if [ "$need" = "$wanted" ] && ! PATH=$PATH:/usr/sbin:/sbin command -v "$proof" >/dev/null; then
                printf '%s ' "$package"
            fi
        done
    done <"$ROOT/dist/lib/packages"
}

# require_packages NEED...: installs what is missing where that is ours to do, else refuses with the command.
require_packages() {
    local -a missing
    read -ra missing <<<"$(missing_packages "$@")"
    if [ ${#missing[@]} = 0 ]; then return 0; fi
    if ! is_debian; then
        refuse 3 "this host lacks what Debian calls: ${missing[*]}" \
            "Install the same programs with the package manager of this distribution."
    fi
    if [ "$(id -u)" != 0 ]; then
        refuse 3 "packages are missing: ${missing[*]}" "Install them: $(install_command "${missing[@]}")"
    fi
    install_packages "${missing[@]}"
    read -ra missing <<<"$(missing_packages "$@")"
    if [ ${#missing[@]} -gt 0 ]; then
        refuse 3 "installed, but still without their commands: ${missing[*]}" "See $ROOT/target/apt.log"
    fi
}

# offer_packages NEED...: the same, but where we may not install, the work goes on without, and says so.
offer_packages() {
    local missing
    if is_debian && [ "$(id -u)" = 0 ]; then require_packages "$@" && return 0; fi
    missing=$(missing_packages "$@")
    if [ -n "$missing" ]; then
        note "redoubt: without ${missing% }; tests that need them will be listed as not run."
        note "  To have them: $(install_command $missing)"
    fi
}

install_command() { printf '%sapt-get install --no-install-recommends %s' "$(as_root)" "$*"; }

install_packages() {
    local log=$ROOT/target/apt.log
    local -a apt=(apt-get -y -q -o "DPkg::Lock::Timeout=$APT_LOCK_SECONDS")
    mkdir -p "$ROOT/target"
    note "Installing host packages: $*"
    export DEBIAN_FRONTEND=noninteractive
    if [ -z "$(find /var/lib/apt/lists -maxdepth 1 -name '*_Packages*' -mtime -1 -print -quit 2>/dev/null)" ]; then
        "${apt[@]}" update >"$log" 2>&1 || note "  apt-get update failed (see $log); trying with the lists there are"
    fi
    if ! "${apt[@]}" install --no-install-recommends "$@" >>"$log" 2>&1; then
        "${apt[@]}" update >>"$log" 2>&1 || true # lists younger than a day can still name files that are gone
        if ! "${apt[@]}" install --no-install-recommends "$@" >>"$log" 2>&1; then
            tail -n 15 "$log" >&2
            refuse 3 "apt-get could not install: $*" "The whole of what it said is in $log"
        fi
    fi
}
