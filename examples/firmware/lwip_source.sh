#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Fetches the source of lwIP. See --help.
set -euo pipefail

usage() {
    cat <<'TEXT'
usage: lwip_source.sh FOLDER

Fetches the source package lwip from the mirror that this Debian system takes its packages from, and unpacks
it, so that FOLDER/src is lwIP's. Does nothing when it is there. The system's own list of sources and its
package lists stay as they are; it needs no root. Needs apt-get, dpkg-dev and the network.
TEXT
}
case ${1-} in
-h | --help) usage; exit 0 ;;
esac
[ $# -eq 1 ] || { usage >&2; exit 2; }

is_lwip() { [ -f "$1/src/include/lwip/init.h" ] && [ -f "$1/src/core/ipv4/etharp.c" ]; }
folder=$1
! is_lwip "$folder" || exit 0
for tool in apt-get tar xz; do
    command -v "$tool" >/dev/null || {
        echo "lwip_source.sh: there is no $tool here: unpack lwIP 2.1 or later into $folder, so that $folder/src is there" >&2
        exit 1
    }
done

# Next to where it goes: a rename puts all of it there at once, also when two of these run.
mkdir -p "$(dirname "$folder")"
work=$(mktemp -d "$(dirname "$folder")/lwip.XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/lists/partial" "$work/parts" "$work/cache/archives/partial"
log=$work/log

# sources CODENAME: "URI SUITE COMPONENT" of what the system takes packages from, whatever form its files have. apt
# itself reads them: of "apt-get update" it only prints what that would fetch.
sources() {
    apt-get --print-uris update 2>>"$log" |
        sed -nE "s#^'([^']+)/dists/([^/']+)/([^/']+)/binary-[^/']+/Packages[^']*'.*#\1 \2 \3#p" | sort -u |
        { if [ -n "$1" ]; then awk -v suite="$1" '$2 == suite'; else cat; fi; }
}
# The suite that the system is; security fixes and others' packages are of no use here.
list=$(sources "$(. /etc/os-release && echo "${VERSION_CODENAME-}")")
[ -n "$list" ] || list=$(sources "")
[ -n "$list" ] || {
    echo "lwip_source.sh: apt has no list of sources to take lwIP from" >&2
    cat "$log" >&2
    exit 1
}
# A system may name the key only in its own list.
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
signed_by=
! [ -f "$keyring" ] || signed_by="[signed-by=$keyring] "
awk -v signed_by="$signed_by" '{ print "deb-src " signed_by $0 }' <<<"$list" >"$work/sources.list"

apt=(-q -o "Dir::Etc::sourcelist=$work/sources.list" -o "Dir::Etc::sourceparts=$work/parts" -o "Dir::State::lists=$work/lists"
    -o "Dir::Cache=$work/cache" -o APT::Sandbox::User=root -o Acquire::Languages=none -o Acquire::Retries=3)
# What the tests were run with, known by its checksum.
known_file=lwip_2.1.3+dfsg1.orig.tar.xz
known_sha256=0a8276d09fc4e97bbba2f953d74af2388fc2195ea156be9d7589e297a68fde24
by_name() {
    local mirror
    while read -r mirror; do
        /usr/lib/apt/apt-helper "${apt[@]}" download-file "$mirror/pool/main/l/lwip/$known_file" "$work/$known_file" \
            "SHA256:$known_sha256" >>"$log" 2>&1 || continue
        mkdir "$work/lwip" && tar -xJf "$work/$known_file" -C "$work/lwip" --strip-components=1 >>"$log" 2>&1 && return
    done < <(cut -d ' ' -f 1 <<<"$list" | sort -u)
    return 1
}
# On a system of another age: what its mirror says that there is.
by_index() {
    (cd "$work" && apt-get "${apt[@]}" update && apt-get "${apt[@]}" source lwip) >>"$log" 2>&1 &&
        mv "$work"/lwip-*/ "$work/lwip"
}
echo "fetching the source of lwIP" >&2
by_name || { rm -rf "$work/lwip" && by_index; } || {
    tail -n 5 "$log" >&2
    echo "lwip_source.sh: no source of lwIP to be had: unpack lwIP 2.1 or later into $folder, so that $folder/src is there" >&2
    exit 1
}
is_lwip "$work/lwip" || { echo "lwip_source.sh: what came is not the source of lwIP" >&2; exit 1; }
mv -T "$work/lwip" "$folder" 2>/dev/null || is_lwip "$folder"
