# SPDX-License-Identifier: BSD-3-Clause
# awk -f chart.awk RESULTS.tsv >results.svg: CPU time per message, the bare translation loop of the same run being 1.
# cc's ratios are of another machine: its CPU time divided by that of such a loop there.
BEGIN {
    FS = "\t"
    count = 0
    add("pub0", "QoS 0, 100 devices", 3.4 / 2.4)
    add("pub1", "QoS 1, 100 devices", 8.8 / 5.1)
    add("pub1-1000", "QoS 1, 1 000 devices", 11.6 / 6.3)
    add("pub1-8000", "QoS 1, 8 000 devices", 15.2 / 8.7)
    add("pub2", "QoS 2, 100 devices", 0)
    width = 760
    left = 170
    scale = 240  # pixels for 1
    top = 96
    step = 58
}
function add(row, label, rival) { rows[++count] = row; labels[row] = label; rivals[row] = rival }
$1 == "# date" { date = substr($2, 1, 10) }
$1 == "# commit" { commit = $2 }
$2 == "own" && $3 == "gateway/floor" && $4 == "cpu_us" { ratio[$1] = $5; spread[$1] = $6 }
$2 == "own" && $3 == "gateway" && $4 == "cpu_us" { cpu[$1] = $5 }

function say(x, y, class, words) { printf "<text x=\"%g\" y=\"%g\" class=\"%s\">%s</text>\n", x, y, class, words }
function bar(y, class, value) { printf "<rect x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"18\" rx=\"2\" class=\"%s\"/>\n", left, y, length_of(value), class }
function length_of(value) { return value * scale > width - left - 110 ? width - left - 110 : value * scale }

END {
    shown = 0
    for (i = 1; i <= count; i++) if (rows[i] in ratio) shown++
    height = top + shown * step + 44
    printf "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" role=\"img\" ", width, height, width, height
    print "font-family=\"-apple-system, 'Segoe UI', Helvetica, Arial, 'Liberation Sans', sans-serif\">"
    title = "CPU time a published message costs the gateway"
    print "<title>" title ", as a multiple of a bare translation loop</title>"
    print "<style>.panel{fill:#fff;stroke:#d0d7de}.t{fill:#1f2328;font-size:16px;font-weight:600}.n{fill:#1f2328;font-size:13px}.s{fill:#59636e;font-size:12px}"
    print ".e{fill:#1f2328;font-size:13px;text-anchor:end}.own{fill:#0969da}.cc{fill:#afb8c1}.one{stroke:#59636e;stroke-width:1.2;stroke-dasharray:4 3}"
    print "@media (prefers-color-scheme:dark){.panel{fill:#0d1117;stroke:#3d444d}.t,.n,.e{fill:#f0f6fc}.s{fill:#9198a1}.own{fill:#4493f8}.cc{fill:#656c76}.one{stroke:#9198a1}}</style>"
    printf "<rect x=\"0.5\" y=\"0.5\" width=\"%d\" height=\"%d\" rx=\"6\" class=\"panel\"/>\n", width - 1, height - 1
    say(20, 30, "t", title)
    say(20, 50, "s", "Multiple of what a bare translation loop needs for the same message in the same run. Shorter is better.")
    printf "<rect x=\"20\" y=\"64\" width=\"12\" height=\"12\" class=\"own\"/>\n<rect x=\"128\" y=\"64\" width=\"12\" height=\"12\" class=\"cc\"/>\n"
    say(38, 75, "n", "Dormouse")
    say(146, 75, "n", "cc.mqttsn 2.0.10 (another machine, the same kind of loop there)")
    y = top
    for (i = 1; i <= count; i++) {
        row = rows[i]
        if (!(row in ratio)) continue
        say(left - 12, y + 22 + (rivals[row] ? 3 : -6), "e", labels[row])
        bar(y + 4, "own", ratio[row])
        say(left + length_of(ratio[row]) + 8, y + 18, "n", sprintf("%.2f (%.1f &#181;s)", ratio[row], cpu[row]))
        if (rivals[row]) {
            bar(y + 25, "cc", rivals[row])
            say(left + length_of(rivals[row]) + 8, y + 39, "n", sprintf("%.2f", rivals[row]))
        }
        y += step
    }
    printf "<line x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\" class=\"one\"/>\n", left + scale, top - 4, left + scale, y
    say(left + scale - 4, y + 16, "s", "1 = bare loop")
    say(20, y + 34, "s", "Publish, device to broker, 32 octets. tests/bench/run.sh, " date ", commit " commit ".")
    print "</svg>"
}
