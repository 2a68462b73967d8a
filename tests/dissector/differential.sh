#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# differential.sh PLUGIN CODEC_READING CORPUS: two readers of the protocol that share nothing but the table of messages.
# What the codec accepts, the plugin shows with the same fields and without saying that it cannot be read; what the codec
# rejects, the plugin shows with an expert info of a warning or an error. But:
#   envelope_nested    the codec takes no envelope out of another, because no gateway has to; the specification does not
#                      forbid it, so to the plugin it is only unusual
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/tshark.sh"
open_tshark "$1"

"$2" "$3" "$work/corpus.pcap" >"$work/codec"
chmod a+r "$work/corpus.pcap"
fields_of "$work/corpus.pcap" >"$work/shown"
# Expert infos by severity
table=$here/../../dissector/expert_table.h
rows_of() { sed -nE "s/^ *X\([A-Z0-9_]+, +([a-z0-9_]+), +($1), +($2),.*/\1/p" "$table"; }
bad=$(rows_of 'WARN|ERROR' '[A-Z_]+' | paste -sd' ')
malformed=$(rows_of 'ERROR' 'MALFORMED' | paste -sd' ')

awk -v bad="$bad" -v malformed="$malformed" '
    BEGIN {
        for (i = split(bad, word, " "); i > 0; --i) is_bad[word[i]] = 1
        for (i = split(malformed, word, " "); i > 0; --i) is_malformed[word[i]] = 1
    }
    FNR == NR && /^[0-9]/ { packet = $1; next }
    FNR == NR && $1 == "!" { for (i = 2; i <= NF; ++i) experts[packet] = experts[packet] " " $i; next }
    FNR == NR { fields[packet] = $0 " "; next }
    $2 == "accepted" {
        ++accepted
        for (i = 3; i <= NF; ++i) {
            if (!index(fields[$1], " " $i " ")) print "packet " $1 ": the codec reads " $i ", shown is" fields[$1]
        }
        count = split(experts[$1], word, " ")
        for (i = 1; i <= count; ++i) {
            if (word[i] in is_malformed) print "packet " $1 ": the codec accepts it, the plugin says " word[i]
        }
    }
    $2 == "rejected" {
        ++rejected
        told = 0
        count = split(experts[$1], word, " ")
        for (i = 1; i <= count; ++i) told += word[i] in is_bad || word[i] == "envelope_nested"
        if (!told) print "packet " $1 ": the codec rejects it (" $3 " " $4 "), the plugin says" experts[$1] ":" fields[$1]
    }
    END {
        if (accepted < 50 || rejected < 50) print "a poor corpus: " accepted + 0 " accepted, " rejected + 0 " rejected"
        print accepted " accepted, " rejected " rejected" >"/dev/stderr"
    }' "$work/shown" "$work/codec" >"$work/differences"
[ ! -s "$work/differences" ] || die "$(cat "$work/differences")"
finish "codec and plugin read the same"
