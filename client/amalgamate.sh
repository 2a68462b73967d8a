#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# The whole device library as two files, mqttsn.h and mqttsn.cpp, or a port of client/ports/ with them in it, ready to be
# copied into a project or handed to a registry. The same sources give the same octets. POSIX sh and awk.
set -eu

usage() {
    cat <<'TEXT'
usage: client/amalgamate.sh [--port NAME] DIRECTORY

  (no option)    writes DIRECTORY/mqttsn.h and DIRECTORY/mqttsn.cpp
  --port NAME    writes a whole port, arduino, esp-idf, riot or zephyr, to DIRECTORY, which must not exist or be empty
TEXT
}
die() { echo "amalgamate.sh: $2" >&2; exit "$1"; }

port=
directory=
while [ $# -gt 0 ]; do
    case $1 in
    --port) [ $# -gt 1 ] || { usage >&2; exit 2; }; port=$2; shift ;;
    -h | --help) usage; exit 0 ;;
    -*) usage >&2; die 2 "unknown option '$1'" ;;
    *) [ -z "$directory" ] || { usage >&2; exit 2; }; directory=$1 ;;
    esac
    shift
done
[ -n "$directory" ] || { usage >&2; exit 2; }

root=$(cd "$(dirname "$0")/.." && pwd)
version=$(sed -n 's/^project(dormouse VERSION \([0-9.]*\).*/\1/p' "$root/CMakeLists.txt")
[ -n "$version" ] || die 1 "no version in $root/CMakeLists.txt"

# What stands above everything: what it is, and the licence, which has to go where the code goes.
head_comment() { # TITLE
    echo "/* SPDX-License-Identifier: BSD-3-Clause"
    echo " *"
    echo " * $1, version $version."
    echo " * Made by client/amalgamate.sh of Dormouse: do not edit, make it again."
    echo " *"
    sed -n '/^Copyright/,$ { s/^/ * /; s/ *$//; p; }' "$root/LICENSE"
    echo " */"
}

# inline MODE FILE...: the files with all that they include of this project, each once, on standard output. What they
# include of the system goes before the rest. MODE header: the public header; source: what the header has is left out.
# Paths are relative to the root.
inline() {
    mode=$1
    shift
    awk -v root="$root" -v mode="$mode" -v files="$*" '
    function die(text) { print "amalgamate.sh: " text > "/dev/stderr"; failed = 1; exit 1 }
    function exists(path,    line, there) {
        there = (getline line < (root "/" path)) >= 0
        close(root "/" path)
        return there
    }
    # "a/b/../c" -> "a/c": a file has one name, however it was included.
    function plain(path) {
        while (sub(/[^\/]+\/\.\.\//, "", path)) {}
        gsub(/\.\//, "", path)
        return path
    }
    function find(name, from,    place, at, count, places) {
        count = split(from " client/src client/include common", places, " ")
        for (at = 1; at <= count; ++at) {
            place = plain(places[at] "/" name)
            if (exists(place)) return place
        }
        return ""
    }
    # The text between < > or " " of an #include line, "" when it is a macro.
    function included(line) {
        if (!match(line, /[<"][^>"]*[>"]/)) return ""
        return substr(line, RSTART + 1, RLENGTH - 2)
    }
    function add(path,    line, name, target, depth, base, folder, directives, number, comment) {
        if (path in seen) return
        seen[path] = 1
        if (!exists(path)) die("no file " path)
        folder = path
        sub(/\/[^\/]*$/, "", folder)
        body = body "\n/* ---- " path " ---- */\n"
        depth = base = directives = number = 0
        while ((getline line < (root "/" path)) > 0) {
            ++number
            # The licence stands once above everything; what follows in the same comment belongs to the file.
            if (number <= 2 && line ~ /SPDX-License-Identifier/) {
                comment = line ~ /^\/\*/ ? "/*" : "//"
                continue
            }
            if (comment != "" && (line == "//" || line == " *")) continue
            if (comment == "/*") sub(/^ \*/, "/*", line)
            comment = ""
            if (line ~ /^[ \t]*#/) {
                ++directives
                if (line ~ /^[ \t]*#[ \t]*if/) {
                    ++depth
                    if (directives == 1 && line ~ /#[ \t]*ifndef/) base = 1
                }
                if (line ~ /^[ \t]*#[ \t]*endif/) --depth
                if (line ~ /^[ \t]*#[ \t]*include/) {
                    name = included(line)
                    target = name == "" ? "" : find(name, folder)
                    if (target == "" && line ~ /"/ && name != "") die(path ":" number ": not found: " name)
                    if (target != "") {
                        if (mode == "source" && target ~ /^client\/include\//) continue
                        if (!(target in seen) && depth > base && target !~ /\.cpp$/)
                            die(path ":" number ": " name " is included first under a condition: include it above that")
                        add(target)
                        continue
                    }
                    if (name != "" && depth == base) {
                        if (!(name in systems)) { systems[name] = 1; top = top "#include <" name ">\n" }
                        continue
                    }
                }
            }
            body = body line "\n"
        }
        close(root "/" path)
    }
    BEGIN {
        count = split(files, roots, " ")
        for (at = 1; at <= count; ++at) add(roots[at])
        if (!failed) printf "%s%s", top, body
    }'
}

# squeeze: no two blank lines in a row, none at the end.
squeeze() { awk 'NF { if (blank) print ""; blank = 0; print } !NF { blank = 1 }'; }

# write_pair HEADER_DIRECTORY SOURCE_DIRECTORY
write_pair() {
    mkdir -p "$1" "$2"
    header=$(inline header client/include/mqttsn/client.h) || exit 1
    source=$(inline source client/src/library.cpp client/src/names.cpp) || exit 1
    {
        head_comment "MQTT-SN 1.2 for devices: the header of the library"
        printf '#ifndef MQTTSN_H\n#define MQTTSN_H\n\n#define MQTTSN_VERSION "%s"\n\n%s\n\n#endif\n' "$version" "$header"
    } | squeeze >"$1/mqttsn.h"
    {
        head_comment "MQTT-SN 1.2 for devices: the library. C++11 or later, no exceptions, no RTTI, no runtime"
        printf '#include "mqttsn.h"\n\n%s\n' "$source"
    } | squeeze >"$2/mqttsn.cpp"
}

# A port finds the header under its name in the tree, too.
forward_header() { # HEADER_DIRECTORY
    mkdir -p "$1/mqttsn"
    printf '/* SPDX-License-Identifier: BSD-3-Clause */\n#include "../mqttsn.h"\n' >"$1/mqttsn/client.h"
}

if [ -z "$port" ]; then
    write_pair "$directory" "$directory"
    exit 0
fi
case $port in
arduino | esp-idf | riot | zephyr) ;;
*) die 2 "no port '$port': arduino, esp-idf, riot or zephyr" ;;
esac
[ -z "$(ls -A "$directory" 2>/dev/null)" ] || die 1 "$directory is not empty"
mkdir -p "$directory"
cp -R "$root/client/ports/$port/." "$directory"
cp "$root/LICENSE" "$directory/LICENSE"
if [ "$port" = arduino ]; then
    write_pair "$directory/src" "$directory/src"
    forward_header "$directory/src"
else
    write_pair "$directory/include" "$directory/src"
    forward_header "$directory/include"
fi
