# Shared by the scripts of this folder; sourced, not run.
set -euo pipefail
called_from=$PWD
cd "$(dirname "${BASH_SOURCE[0]}")/.."
root=$PWD

if [ -t 1 ]; then bold=$'\e[1m' green=$'\e[32m' red=$'\e[31m' plain=$'\e[0m'; else bold='' green='' red='' plain=''; fi
# step TEXT: with the minutes and seconds since the script began.
step() { printf '%s==> %02d:%02d %s%s\n' "$bold" $((SECONDS / 60)) $((SECONDS % 60)) "$*" "$plain"; }
fail() { printf '%serror:%s %s\n' "$red" "$plain" "$*" >&2; exit 1; }

# as_root COMMAND...: with sudo where we are not root.
as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"
    elif command -v sudo >/dev/null; then sudo "$@"
    else fail "this needs root: $*"; fi
}

# install_packages NAME...: only what is missing; asks no registry when nothing is. One at a time, where scripts run side
# by side: apt does not wait.
install_packages() {
    local missing
    missing=$(dpkg-query -W -f '${binary:Package} ${db:Status-Abbrev}\n' 2>/dev/null |
        awk '$2 == "ii" { sub(/:.*/, "", $1); print $1 }' | sort -u | comm -13 - <(printf '%s\n' "$@" | sort -u))
    [ -z "$missing" ] && return
    step "installing: $(echo $missing)"
    {
        flock 8
        as_root apt-get -q update
        as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install $missing
    } 8<"$root/ci/common.sh"
}

# debian_lists CODENAME: apt's lines for that release from this machine's mirrors. Third-party lists are none of its business.
debian_lists() {
    apt-get indextargets --format '$(ORIGIN)|$(CODENAME)|$(REPO_URI)|$(RELEASE)|$(COMPONENT)' 'Created-By: Packages' |
        awk -F '|' -v name="$1" '$1 == "Debian" && ($2 == name || $2 == name "-updates" || $2 == name "-security") {
            print "deb", $3, $4, $5 }' | sort -u
}

# buffered COMMAND: runs one line, and shows what it says, and how long it took, when it has ended. Returns 0 or 1: with 255
# xargs would stop.
buffered() {
    local said status=0 start=$SECONDS
    said=$(eval "$1" 2>&1) || status=$?
    {
        flock 9
        printf '%s\n' "--- $1" "$said" "--- $((SECONDS - start)) s, status $status"
    } 9<"$root/ci"
    [ "$status" = 0 ] || return 1
}

# together COMMAND...: runs lines, as many at a time as there are CPUs; fails when one of them does, after all have ended.
together() {
    printf '%s\0' "$@" | xargs -0 -n 1 -P "$(nproc)" bash -c '. "$0"; buffered "$1"' ci/common.sh ||
        fail "a suite failed: its lines above end with a status that is not 0"
}
