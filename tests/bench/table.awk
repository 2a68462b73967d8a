# SPDX-License-Identifier: BSD-3-Clause
# awk -f table.awk -v part=text|data facts.tsv samples.tsv: what run.sh measured, as Markdown or as one line a figure.
#
# facts.tsv    key<TAB>value: machine, versions, date
# samples.tsv  row, generator, subject, run, key, value
#
# A ratio of two subjects is the median of the ratios run by run: run n of both came right after another.
# The targets were set on another machine (Debian 12, 2 cores, 1.9 us a datagram), where such a translation loop had
# the costs named here as "floor there"; a target in us became the ratio to that floor.
BEGIN {
    FS = OFS = "\t"
    # Of the other machine: plain MQTT clients on mosquitto, 100 at QoS 1, messages/s.
    direct_there = 112900
}
FNR == NR { fact[$1] = $2; facts[++fact_count] = $1; next }
{
    sample[$1, $2, $3, $5, $4] = $6
    if ($4 > runs[$1, $2, $3, $5]) runs[$1, $2, $3, $5] = $4
    have[$1, $2] = 1
    name = $1 OFS $2 OFS $3 OFS $5
    if (!(name in seen)) { seen[name] = 1; names[++name_count] = name }
    if ($5 == "failed") failed[$1, $2] = failed[$1, $2] $3 " "
}

# ---- statistics: each sets `median` and `half` (half the spread), and returns whether there is a value ----

function settle(count,    i, j, kept) {
    if (count == 0) return 0
    for (i = 2; i <= count; i++) {
        kept = list[i]
        for (j = i - 1; j >= 1 && list[j] > kept; j--) list[j + 1] = list[j]
        list[j + 1] = kept
    }
    median = count % 2 ? list[(count + 1) / 2] : (list[count / 2] + list[count / 2 + 1]) / 2
    half = (list[count] - list[1]) / 2
    largest = list[count]
    return count
}
function figure(row, subject, key,    run, count) {
    count = 0
    for (run = 1; run <= runs[row, generator, subject, key]; run++)
        if ((row, generator, subject, key, run) in sample)
            list[++count] = sample[row, generator, subject, key, run] + 0
    return settle(count)
}
function quotient(row, key, above, below, key_below,    run, count) {
    count = 0
    if (key_below == "") key_below = key
    for (run = 1; run <= runs[row, generator, above, key]; run++)
        if ((row, generator, above, key, run) in sample && sample[row, generator, below, key_below, run] + 0 > 0)
            list[++count] = sample[row, generator, above, key, run] / sample[row, generator, below, key_below, run]
    return settle(count)
}

# ---- texts ----

function number(value) { return value == 0 ? "0" : value >= 1000 ? grouped(value) : sprintf(value >= 100 ? "%.0f" : value >= 10 ? "%.1f" : "%.2f", value) }
function grouped(value,    text, out) {
    text = sprintf("%.0f", value)
    while (length(text) > 3) { out = " " substr(text, length(text) - 2) out; text = substr(text, 1, length(text) - 3) }
    return text out
}
function with_spread(value, spread) { return number(value) (spread > 0 ? " ± " number(spread) : "") }
function cell(row, subject, key) { return figure(row, subject, key) ? with_spread(median, half) : "-" }
function busy(row,    own, other, i, others) { # the generator's share of a core
    own = figure(row, "gateway", "generator_percent") ? sprintf("%.0f", median) : "-"
    other = figure(row, "floor", "generator_percent") ? sprintf("%.0f", median) : "-"
    if (own + 0 >= 95 || other + 0 >= 95) { own = own "\\*"; at_limit = 1 }
    for (i = 1; i <= 3; i++)
        if (figure(row, i == 1 ? "gateway" : i == 2 ? "floor" : "direct", "other_percent") && largest > others) others = largest
    if (others > 25) { own = own "†"; disturbed = 1 }
    return other " / " own
}
function line(row, what, rivals, floor_text, own, ratio, target, holds) {
    if ((row, generator) in failed) holds = "run failed: " failed[row, generator]
    printf "| %s | %s | %s | %s | %s | %s | %s | %s |\n", what, rivals, floor_text, own, ratio, target, holds, row == "core" ? "-" : busy(row)
    if (holds == "yes") held++
    counted++
}
function verdict(good) { return good ? "yes" : "**no**" }

function ratio_text() { return sprintf("%.2f", median) (half > 0 ? sprintf(" ± %.2f", half) : "") }

# ---- rows ----

# Lower is better; judged as the ratio to the floor.
function against_floor(row, key, what, rivals, most, there,    text, good) {
    if (!((row, generator) in have)) return
    text = "-"
    good = 0
    if (quotient(row, key, "gateway", "floor")) { text = ratio_text(); good = median <= most }
    line(row, what, rivals, cell(row, "floor", key), cell(row, "gateway", key), text,
        sprintf("<= %.2f x floor (%s)", most, there), verdict(good))
}
function publish_rate(    own, of_floor, own_text, floor_text, ratio) {
    if (!(("pub1", generator) in have)) return
    own_text = quotient("pub1", "rate", "gateway", "direct") ? ratio_text() : "-"
    own = own_text == "-" ? 0 : median
    floor_text = quotient("pub1", "rate", "floor", "direct") ? ratio_text() : "-"
    of_floor = quotient("pub1", "rate", "gateway", "floor") ? median : 0
    ratio = of_floor ? ratio_text() : "-"
    line("pub1", "messages/s, publish QoS 1, 100 devices, as part of plain MQTT on mosquitto", "cc 0.52 to 0.63", floor_text,
        own_text, ratio, ">= 0.70, or 0.92 x floor (0.70 / 0.76 there)", verdict(own >= 0.70 || of_floor >= 0.92))
}
# Higher is better; a figure of the other machine, scaled by what mosquitto alone does here in the same minutes.
function scaled(row, what, rival, there, factor, none_lost,    scale, wanted, own, lost, lost_text) {
    if (!((row, generator) in have)) return
    scale = figure(row, "direct", "rate") ? median / direct_there : 0
    wanted = there * factor * scale
    own = figure(row, "gateway", "rate") ? median : 0
    lost = figure(row, "gateway", "lost") ? largest : "-"
    lost_text = none_lost ? ", " lost " lost" : ""
    line(row, what, sprintf("%s %s; %s scaled", rival, grouped(none_lost ? 42200 : there), grouped((none_lost ? 42200 : there) * scale)),
        cell(row, "floor", "rate"), cell(row, "gateway", "rate") lost_text,
        quotient(row, "rate", "gateway", "floor") ? ratio_text() : "-",
        sprintf(">= %s%s (%s x %.2f x D)", grouped(wanted), none_lost ? ", none lost" : "", grouped(there), factor),
        verdict(own > 0 && scale > 0 && own >= wanted && (!none_lost || lost == 0)))
}
function herd(    own, other) {
    if (!(("herd", generator) in have)) return
    other = figure("herd", "floor", "retransmissions") ? number(largest) : "-"
    own = figure("herd", "gateway", "retransmissions") ? number(largest) : "-"
    line("herd", "retransmissions when 1 000 devices publish QoS 1 in the same instant, worst run", "930 to 2 200", other, own,
        "-", "0", verdict(own != "-" && own + 0 == 0))
}
function connects(    ratio, good) {
    if (!(("connect", generator) in have)) return
    ratio = quotient("connect", "connect_rate", "gateway", "floor") ? ratio_text() : "-"
    good = ratio != "-" && median >= 0.59
    line("connect", "sessions/s, 8 000 devices connect", "bisquitt 6 600, cc 3 600", cell("connect", "floor", "connect_rate"),
        cell("connect", "gateway", "connect_rate"), ratio, ">= 0.59 x floor (25 000 / 42 500 there)", verdict(good))
}
function memory(    own) {
    if (!(("idle", generator) in have)) return
    own = figure("idle", "gateway", "kb_per_session") ? median : 0
    line("idle", "resident memory, KB per idle session, 8 000 sessions", "cc 7.9", cell("idle", "floor", "kb_per_session"),
        cell("idle", "gateway", "kb_per_session"), "-", "<= 2", verdict(own > 0 && own <= 2))
}
function core(flow, what,    small, large) {
    if (generator != "own" || !figure("core", "sessions-1000", flow)) return
    small = with_spread(median, half)
    large = figure("core", "sessions-100000", flow) ? with_spread(median, half) : "-"
    quotient("core", flow, "sessions-100000", "sessions-1000")
    line("core", what ", ns at 1 000 / 100 000 sessions, no sockets", "-", "-", small " / " large, ratio_text(),
        "<= 1.5", verdict(median <= 1.5))
}

function table() {
    held = counted = at_limit = disturbed = 0
    print "| what | rivals, on another machine | floor here | ours here | ours / floor | target | holds | generator CPU %, floor / ours |"
    print "|---|---|---|---|---|---|---|---|"
    against_floor("pub0", "cpu_us", "CPU us per message, publish QoS 0, 100 devices", "cc 3.4", 1.17, "2.8 / 2.4 there")
    against_floor("pub1", "cpu_us", "CPU us per message, publish QoS 1, 100 devices", "cc 8.8", 1.18, "6 / 5.1 there")
    against_floor("pub2", "cpu_us", "CPU us per message, publish QoS 2, 100 devices", "cc 18.1", 1.18, "as QoS 1, of which it is two; 12 there")
    against_floor("pub1-1000", "cpu_us", "CPU us per message, publish QoS 1, 1 000 devices", "cc 11.6", 1.19, "7.5 / 6.3 there")
    against_floor("pub1-8000", "cpu_us", "CPU us per message, publish QoS 1, 8 000 devices", "cc 15.2", 1.21, "10.5 / 8.7 there")
    publish_rate()
    scaled("sub1", "delivered/s, to 100 devices, QoS 1, up to 8 unanswered a device", "cc", 83800, 1.25, 0)
    scaled("sub1-one", "delivered/s, to 100 devices, QoS 1, one unanswered a device", "cc", 58200, 1.25, 0)
    scaled("fanout", "delivered/s, one message to 1 000 devices, QoS 1", "paho", 60000, 1, 1)
    herd()
    connects()
    against_floor("latency", "p50_us", "latency us at 1 000 messages/s QoS 1, p50", "cc: floor / 0.84", 1.13, "0.95 / 0.84 there")
    against_floor("latency", "p99_us", "latency us at 1 000 messages/s QoS 1, p99", "cc: floor / 0.98", 1.02, "1.0 / 0.98 there")
    memory()
    if (figure("idle", "gateway", "pings") && median > 0) against_floor("idle", "cpu_percent", "CPU % with 8 000 idle sessions, keep-alive 60 s", "cc 1.1", 2.00, "0.6 / 0.3 there")
    else if (("idle", generator) in have) line("idle", "CPU % with 8 000 idle sessions, keep-alive 60 s", "cc 1.1", "-", "-", "-", "<= 2.00 x floor", "no device pinged in this run")
    core("publish_up", "core alone, a QoS 1 message up")
    core("publish_down", "core alone, a QoS 1 message down")
    core("reconnect", "core alone, DISCONNECT and CONNECT")
    printf "\n%d of %d targets hold.", held, counted
    if (at_limit) printf " \\* The generator itself used up its core: a rate in this row is at most what it can do."
    if (disturbed) printf " † More than a quarter of a core was used by other programs in a run of this row."
    printf "\n"
    checks()
}

# What every run must get right, over all rows.
function checks(    i, part_of, lost, doubled, repeated, total) {
    for (i = 1; i <= name_count; i++) {
        split(names[i], part_of, OFS)
        if (part_of[2] != generator || part_of[3] != "gateway") continue
        figure(part_of[1], part_of[3], part_of[4])
        total = 0
        for (run = 1; run <= runs[part_of[1], generator, "gateway", part_of[4]]; run++)
            total += sample[part_of[1], generator, "gateway", part_of[4], run]
        if (part_of[4] == "sent") sent_all += total
        if (part_of[4] == "lost") lost += total
        if (part_of[4] == "duplicates") doubled += total
        if (part_of[4] == "retransmissions") repeated += total
    }
    printf "Over all runs with the gateway: %s messages, %d lost, %d doubled; the devices repeated %d datagrams.\n", grouped(sent_all), lost, doubled, repeated
    sent_all = 0
}

function text(    i, any_cross) {
    print "# Results\n"
    print "Made by `tests/bench/run.sh`; how to read it is in [README.md](README.md).\n"
    printf "%s, commit %s, %s of %s s%s.\n\n", fact["date"], fact["commit"], fact["runs"] == 1 ? "one run" : fact["runs"] " runs", fact["seconds"], fact["runs"] == 1 ? "" : ", in turns, median ± half the spread"
    printf "%s; %s cores shared with generator and broker; %s; %s; net.core.rmem_max %s.\n", fact["cpu"], fact["cores"], fact["memory"], fact["kernel"], fact["receive_buffer_max"]
    printf "mosquitto %s, libuv %s, %s, %s.\n\n", fact["mosquitto"], fact["libuv"], fact["compiler"], fact["build_type"]
    printf "What the kernel asks for, before / after: a system call %s / %s ns, a datagram received and answered %s / %s us of CPU. ", fact["syscall_ns"], fact["after_syscall_ns"], fact["udp_datagram_us"], fact["after_udp_datagram_us"]
    printf "Load average before / after: %s / %s.", fact["load_before"], fact["load_after"]
    if (fact["load_before"] > 0.7) printf " **Other programs ran on this machine: rates and latencies are worth little.**"
    print "\n"
    if (figure("pub1", "direct", "rate")) {
        printf "Plain MQTT clients on mosquitto, 100 at QoS 1: %s messages/s, %.2f of the other machine's %s. ", with_spread(median, half), median / direct_there, grouped(direct_there)
        print "This factor, measured anew in each row that uses it, is D.\n"
    }
    table()
    for (i = 1; i <= name_count; i++) if (names[i] ~ /\tcross\t/) any_cross = 1
    if (any_cross) {
        generator = "cross"
        print "\n## Cross-check with a second generator\n"
        table()
    }
}

function data(    i, part_of) {
    for (i = 1; i <= fact_count; i++) print "# " facts[i], fact[facts[i]]
    print "row", "generator", "subject", "key", "median", "half_spread", "runs"
    for (i = 1; i <= name_count; i++) {
        split(names[i], part_of, OFS)
        generator = part_of[2]
        count = figure(part_of[1], part_of[3], part_of[4])
        print names[i], median, half, count
        if (part_of[3] == "gateway" && (part_of[1], generator, "floor", part_of[4]) in runs && quotient(part_of[1], part_of[4], "gateway", "floor"))
            print part_of[1], generator, "gateway/floor", part_of[4], sprintf("%.3f", median), sprintf("%.3f", half), count
    }
}

END {
    generator = "own"
    if (part == "data") data()
    else text()
}
