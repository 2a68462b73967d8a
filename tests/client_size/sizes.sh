#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# What the device library costs on a microcontroller, and whether that is within its budgets. See --help.
#
# How it counts: client/src/library.cpp and common/ are compiled with -Os and a section per function, and linked (ld -r
# --gc-sections) with the public functions of client.h as roots. text is every section that stays and is only read; what is
# written would be data and bss, which must be none. What mem* and the compiler's helpers take comes on top. Stack is the
# deepest chain of calls; recursion, frames of changing size and calls through pointers have no such number and are refused.
set -u
export LC_ALL=C

usage() {
    cat <<'TEXT'
usage: sizes.sh [--core CORE]... [--functions] [--readme FILE | --check FILE] [--tree DIR]
                [--full N] [--publish-only N] [--session N] [--stack N]

Prints one line a core and profile, and what is over its budget. Profiles: full = everything of client.h but
the functions of names.cpp; publish-only = all MQTTSN_WITH_* 0 and what a publisher calls.
  --core CORE      cortex-m0plus, cortex-m4 (these two unless named), or another that the compiler knows
  --functions      also the text of each function
  --readme FILE    writes the table between <!-- size table --> and <!-- end of size table --> in FILE
  --check FILE     writes nothing: fails when a number of that table is not what it is now, by more than 1 %
  --tree DIR       the source tree; this one unless named
  --full N, --publish-only N, --session N, --stack N    budgets in octets: 7680, 3264, 128, 200
Exit code: 0 within the budgets, 1 not, 2 wrong usage, 77 no ARM compiler (1 where CI is set). Needs bash and awk.
TEXT
}
die() { echo "sizes.sh: $1" >&2; exit "${2-2}"; }
number() { case $1 in '' | *[!0-9]*) die "'$1' is not a number of octets" ;; *) echo "$1" ;; esac; }

tree=$(cd "$(dirname "$0")/../.." && pwd)
cores=()
functions=no readme='' check=no
# What must not grow. The goals for text were 6144 and 2560 octets; DECISIONS 43 says what costs what.
declare -A budget=([full]=7680 [publish-only]=3264 [session]=128 [stack]=200)
while [ $# -gt 0 ]; do
    case $1 in
    -h | --help) usage; exit 0 ;;
    --functions) functions=yes; shift; continue ;;
    --core | --readme | --check | --tree | --full | --publish-only | --session | --stack) [ $# -gt 1 ] || die "$1 needs a value" ;;
    *) echo "sizes.sh: unknown option '$1'" >&2; usage >&2; exit 2 ;;
    esac
    case $1 in
    --core) cores+=("$2") ;;
    --readme) readme=$2 ;;
    --check) readme=$2 check=yes ;;
    --tree) tree=$2 ;;
    *) budget[${1#--}]=$(number "$2") || exit 2 ;;
    esac
    shift 2
done
[ ${#cores[@]} -gt 0 ] || cores=(cortex-m0plus cortex-m4)

prefix=${ARM_PREFIX-arm-none-eabi-}
if ! command -v "${prefix}g++" >/dev/null; then
    [ -z "${CI-}" ] || die "${prefix}g++ is not here, and this is CI" 1
    echo "skipped: ${prefix}g++ is not installed (Debian: gcc-arm-none-eabi libnewlib-arm-none-eabi)"
    exit 77
fi
[ -f "$tree/client/src/library.cpp" ] || die "no client/src/library.cpp in $tree"
tree=$(cd "$tree" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

flags=(-mthumb -std=c++17 -Os -ffunction-sections -fdata-sections -fno-exceptions -fno-rtti -fno-threadsafe-statics
    -fno-unwind-tables -fno-asynchronous-unwind-tables -I"$tree/client/include" -I"$tree/client/src" -I"$tree/common" -I"$tree")
mapfile -t without < <(sed -n 's/^#ifndef \(MQTTSN_WITH_.*\)/-D\1=0/p' "$tree/client/include/mqttsn/config.h")
publisher="init config_defaults topic_name topic_predefined topic_short connect publish disconnect input output next_timeout
    next_event get_state"

compile() { # CORE OUTPUT FLAG... SOURCE
    local core=$1 output=$2
    shift 2
    "${prefix}g++" -mcpu="$core" "${flags[@]}" -c -o "$output" "$@" 2>"$work/errors" || {
        head -n 20 "$work/errors" >&2
        die "${!#} does not compile for $core" 1
    }
}

# The functions that client.h declares, without those of names.cpp, which are there for logs.
public_functions() { # CORE
    compile "$1" "$work/names.o" "$tree/client/src/names.cpp"
    "${prefix}nm" "$work/names.o" | awk '$2 == "T" {print $3}' >"$work/optional"
    echo '#include <mqttsn/client.h>' | "${prefix}g++" "${flags[@]}" -E -P -x c++ - |
        grep -oE '\bmqttsn_[a-z0-9_]+ ?\(' | tr -d ' (' | sort -u | grep -vxFf "$work/optional"
}

# call_depth ROOT...: "octets chain" of the deepest chain in the .ci files, or one "refused: ..." line a breach.
call_depth() {
    cat "$work"/*.ci | awk -v roots="$*" '
        function quoted(key,   text) {
            text = $0
            if (!sub(".*" key ": \"", "", text)) return ""
            sub(/".*/, "", text)
            return text
        }
        function short(title) { sub(/^[^:]*:/, "", title); return title }
        /^node:/ && / bytes \(/ {
            title = quoted("title"); label = quoted("label")
            match(label, /[0-9]+ bytes \([a-z,]+\)/)
            text = substr(label, RSTART, RLENGTH)
            frame[title] = text + 0
            if (text !~ /\(static\)/) varies[title] = 1
        }
        /^edge:/ { from = quoted("sourcename"); calls[from] = calls[from] " " quoted("targetname") }
        function depth(title,   list, n, i, d, best, below) {
            if (title in done) return done[title]
            if (title in open_) { print "refused: recursion in " short(title); return 0 }
            if (title in varies) print "refused: the frame of " short(title) " changes its size"
            open_[title] = 1
            n = split(calls[title], list, " ")
            for (i = 1; i <= n; ++i) {
                if (list[i] == "__indirect_call") { print "refused: call through a pointer in " short(title); continue }
                d = depth(list[i])
                if (d > best || below == "") { best = d; below = list[i] }
            }
            delete open_[title]
            chain[title] = short(title) (best > 0 ? " > " chain[below] : "")
            return done[title] = frame[title] + best
        }
        END {
            n = split(roots, list, " ")
            for (i = 1; i <= n; ++i) {
                if (!(list[i] in frame)) print "refused: no frame of " list[i]
                if (depth(list[i]) >= best) { best = done[list[i]]; deepest = list[i] }
            }
            print best, chain[deepest]
        }'
}

plain() { sed -E 's/\(anonymous namespace\):://g; s/\bmqttsn:://g'; } # names without their namespaces
over=0
breach() { echo "  OVER: $*"; over=1; }

measure() { # CORE PROFILE: a line of the table, and the breaches
    local core=$1 profile=$2 roots=() options=() name source
    rm -f "$work"/*.o "$work"/*.ci
    if [ "$profile" = full ]; then
        mapfile -t roots < <(public_functions "$core")
    else
        for name in $publisher; do roots+=("mqttsn_$name"); done
        options=("${without[@]}")
    fi
    [ ${#roots[@]} -ge 13 ] || die "only ${#roots[@]} public functions found: this would measure nothing" 1
    for source in "$tree/client/src/library.cpp" "$tree"/common/mqttsn/*.cpp; do
        compile "$core" "$work/$(basename "$source" .cpp).o" -fcallgraph-info=su "${options[@]}" "$source"
    done
    rm -f "$work/names.o"
    "${prefix}g++" -nostdlib -r -Wl,--gc-sections "${roots[@]/#/-Wl,-u,}" "$work"/*.o -o "$work/all.elf" 2>"$work/errors" ||
        { cat "$work/errors" >&2; die "the linker failed for $core, $profile" 1; }

    local text written session depth
    # Sections by their flags, so that no kind of octet is forgotten.
    read -r text written < <("${prefix}readelf" -SW "$work/all.elf" | sed 's/^ *\[ *[0-9]*\]//' | awk '
        $2 ~ /BITS|ARRAY|ARM_EXIDX/ && $7 ~ /A/ { octets = strtonum_hex($5); if ($7 ~ /W/) written += octets; else text += octets }
        function strtonum_hex(hex,   i, value) {
            for (i = 1; i <= length(hex); ++i) value = value * 16 + index("0123456789abcdef", substr(hex, i, 1)) - 1
            return value
        }
        END { print text + 0, written + 0 }')
    printf '#include <mqttsn/client.h>\nextern "C" { char session[sizeof(mqttsn_client)]; }\n' >"$work/session.cpp"
    compile "$core" "$work/session.o" "$work/session.cpp"
    session=$((16#$("${prefix}nm" -S "$work/session.o" | awk '{print $2}')))
    call_depth "${roots[@]}" | "${prefix}c++filt" -p | plain >"$work/depth"
    depth=$(tail -n 1 "$work/depth")

    printf '%-14s %-13s %6d %9d %8d %6d\n' "$core" "$profile" "$text" "$written" "$session" "${depth%% *}"
    echo "$core $profile $text $session ${depth%% *}" >>"$work/results"
    [ "$functions" = no ] || { echo "  stack: $depth"; "${prefix}nm" -S --size-sort -r -C "$work/all.elf" | awk '
        { octets = 0; for (i = 1; i <= 8; ++i) octets = octets * 16 + index("0123456789abcdef", substr($2, i, 1)) - 1
          $1 = $2 = $3 = ""; printf "  %6d %s\n", octets, $0 }' | plain; }
    [ "$text" -gt 0 ] || die "no text found: this would measure nothing" 1
    [ "$text" -le "${budget[$profile]}" ] || breach "text $text, the budget of $profile is ${budget[$profile]}"
    [ "$written" -eq 0 ] || breach "$written octets of variables, .data and .bss must be empty"
    [ "$session" -le "${budget[session]}" ] || breach "session $session, its budget is ${budget[session]}"
    [ "${depth%% *}" -le "${budget[stack]}" ] || breach "stack $depth, its budget is ${budget[stack]}"
    while read -r name; do breach "$name"; done < <(grep '^refused' "$work/depth" | sort -u)
    # What is named by a relocation: the linker keeps the names of functions it has dropped.
    "${prefix}readelf" -rW "$work/all.elf" | awk '/^[0-9a-f]/ {print $5}' | sort -u >"$work/referred"
    "${prefix}nm" -u "$work/all.elf" | awk '{print $NF}' | grep -xFf "$work/referred" |
        grep -vxE 'mem[a-z]+|__aeabi_[a-z0-9_]+|__gnu_thumb1_case_[a-z]+' >"$work/undefined" &&
        breach "needed from outside: $(tr '\n' ' ' <"$work/undefined")"
    return 0
}

table() { # the Markdown table of $work/results
    echo "| core | full | publish-only | session | stack |"
    echo "|---|---|---|---|---|"
    awk -v full="${budget[full]}" -v publish="${budget[publish-only]}" -v session="${budget[session]}" -v stack="${budget[stack]}" '
        { text[$1, $2] = $3; octets[$1] = $4; if ($5 > deep[$1]) deep[$1] = $5; if (!($1 in seen)) { seen[$1] = 1; order[++n] = $1 } }
        END {
            for (i = 1; i <= n; ++i) {
                core = order[i]; name = core; sub(/^cortex-m/, "Cortex-M", name); sub(/plus$/, "+", name)
                printf "| %s | %d | %d | %d | %d |\n", name, text[core, "full"], text[core, "publish-only"], octets[core], deep[core]
            }
            printf "| budget | %d | %d | %d | %d |\n", full, publish, session, stack
            print "| goal | 6144 | 2560 | 128 | 200 |"
        }' "$work/results"
}

update_readme() {
    grep -qxF '<!-- size table -->' "$readme" && grep -qxF '<!-- end of size table -->' "$readme" ||
        die "$readme has no lines <!-- size table --> and <!-- end of size table -->" 1
    table >"$work/table"
    if [ $check = yes ]; then
        awk '/^<!-- end of size table -->$/ {inside = 0} inside {print} /^<!-- size table -->$/ {inside = 1}' "$readme" >"$work/old"
        paste -d '#' "$work/old" "$work/table" | awk -F'#' '
            function off(a, b,   d) { d = a > b ? a - b : b - a; return d * 100 > b }
            { n = split($1, a, "|"); m = split($2, b, "|"); bad += n != m
              for (i = 1; i <= m; ++i) bad += b[i] ~ /^ *[0-9]+ *$/ ? a[i] !~ /^ *[0-9]+ *$/ || off(a[i] + 0, b[i] + 0) : a[i] != b[i] }
            END { exit bad > 0 || NR == 0 }' ||
            { breach "the size table of $readme is old: tests/client_size/sizes.sh --readme $readme"; cat "$work/table"; }
        return
    fi
    awk -v table="$work/table" '
        /^<!-- end of size table -->$/ { inside = 0 }
        !inside { print }
        /^<!-- size table -->$/ { inside = 1; while ((getline line < table) > 0) print line }' "$readme" >"$work/new" &&
        cat "$work/new" >"$readme"
}

"${prefix}g++" --version | head -n 1
printf '%-14s %-13s %6s %9s %8s %6s   (octets)\n' core profile text data+bss session stack
for core in "${cores[@]}"; do
    for profile in full publish-only; do measure "$core" "$profile"; done
done
[ -z "$readme" ] || update_readme
[ $over -eq 0 ] && echo "within the budgets"
exit $over
