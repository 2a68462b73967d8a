#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# symbols.sh ARCHIVE...: the pure libraries must call no clock, entropy, socket, file, thread or output function.
set -u
forbidden='clock_gettime|gettimeofday|time|clock|rand|srand|random|getrandom|getentropy|getenv|socket|bind|connect|sendto|sendmsg|recvfrom|recvmsg|poll|select|open|read|write|puts|printf|fopen|pthread_create|usleep|nanosleep|sleep|_ZNSt6chrono3_V212steady_clock3nowEv|_ZNSt6chrono3_V212system_clock3nowEv|_ZNSt13random_device.*'
status=0
for archive in "$@"; do
    [ -f "$archive" ] || { echo "$archive: not there"; exit 2; }
    calls=$(nm -u "$archive" 2>/dev/null | awk '{print $NF}' | sort -u | grep -xE "($forbidden)(@.*)?")
    [ -z "$calls" ] || { printf '%s calls:\n%s\n' "$archive" "$calls"; status=1; }
done
[ $status -ne 0 ] || echo "pure: $*"
exit $status
