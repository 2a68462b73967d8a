#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# can_fail.sh TOOL GATEWAY BROKEN: each fault that BROKEN can put in front of our gateway must make mqttsn-conformance exit
# with 1 and name a case that is about it; without a fault the same cases pass.
set -u
tool=$1 gateway=$2 broken=$3
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
status=0

# expect FAULT CASE...: these cases must fail under the fault and pass without it
expect() {
    local fault=$1 code=0
    shift
    local filter
    filter=$(IFS=,; echo "$*")
    BROKEN=$broken FAULT=$fault "$here/run.sh" "$tool" "$gateway" dedicated --answer 2 --filter "$filter" >"$work/$fault" 2>&1 || code=$?
    if [ "$code" -ne 1 ]; then
        echo "$fault: exit code $code instead of 1"
        status=1
    fi
    for name in "$@"; do
        grep -q "^FAILED [^ ]*$name" "$work/$fault" && continue
        echo "$fault: $name did not fail"
        sed 's/^/    /' "$work/$fault" | head -n 40
        status=1
    done
    # What a failure must show: expected, seen, octets of the transcript.
    grep -q '^  expected: .' "$work/$fault" && grep -q '^  seen:     .' "$work/$fault" && grep -qE '^ +[0-9.]+ .* -> CONNECT .*  [0-9a-f]{2} 04 ' "$work/$fault" ||
        { echo "$fault: expected, seen or transcript is missing"; status=1; }
    cases="${cases:+$cases,}$filter"
    faults=$((faults + 1))
}
faults=0 cases=''

expect connack-congestion connect_without_will_gets_connack
expect regack-accepts-all names_with_wildcards_are_refused
expect puback-accepts-all an_unknown_topic_id_is_refused beyond_the_window_congestion
expect puback-topic-id-0 puback_echoes_topic_and_msg_id
expect suback-msg-id every_qos_is_granted
expect suback-unused-flags every_qos_is_granted
expect reserved-return-code register_gets_an_id
expect no-dup publish_qos_1_is_repeated_until_puback
expect no-retain suback_before_retained_messages
expect always-long connect_without_will_gets_connack shortest_length_form_is_sent
expect trailing-octet connect_without_will_gets_connack
expect qos-2-twice qos_2_arrives_twice
expect early-puback puback_means_the_broker_has_it
expect pingresp-first pingresp_comes_last
expect everybody-is-known lost_after_the_sleep_duration strangers_get_disconnect
expect register-does-not-wait qos_0_waits_for_regack
expect no-unsuback unsubscribe_is_always_answered
expect no-disconnect-reply disconnect_is_answered_by_disconnect
expect no-will-prompt order_of_the_will_handshake
expect unsubscribe-ignored unsubscribe_ends_the_messages

if ! BROKEN=$broken FAULT=none "$here/run.sh" "$tool" "$gateway" dedicated --filter "$cases" >"$work/none" 2>&1; then
    echo "without a fault:"
    grep -A40 '^FAILED' "$work/none" | head -n 60
    status=1
fi
code=0
BROKEN=$broken FAULT=silent "$here/run.sh" "$tool" "$gateway" dedicated --answer 0.2 >"$work/silent" 2>&1 || code=$?
grep -q 'no answer to CONNECT' "$work/silent" && [ "$code" -eq 1 ] || { echo "silent: exit code $code"; status=1; }
[ $status -ne 0 ] || echo "$faults faults, each found"
exit $status
