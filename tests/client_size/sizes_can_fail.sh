#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Each check of sizes.sh must notice its breach: budgets that are too small, and a copy of the library with a wrong function for each.
set -u
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
failed=0

run() { # OPTION...: its output in `out`; ends this script where there is no compiler
    out=$("$here/sizes.sh" --core cortex-m0plus "$@" 2>&1)
    code=$?
    if [ $code -eq 77 ]; then echo "$out"; exit 77; fi
}
notices() { # REGEX: what the last run must have said
    if [ $code -ne 1 ] || ! printf '%s\n' "$out" | grep -qE "OVER: $1"; then
        printf 'not noticed (exit code %d): %s\n%s\n' "$code" "$1" "$out"
        failed=1
    fi
}

run --full 100 --publish-only 100 --session 100 --stack 10
notices 'text [0-9]+, the budget of full is 100'
notices 'text [0-9]+, the budget of publish-only is 100'
notices 'session [0-9]+, its budget is 100'
notices 'stack .*, its budget is 10$'

mkdir -p "$tree/client"
cp -r "$root/client/src" "$root/client/include" "$tree/client"
cp -r "$root/common" "$tree"
for wrong in writes grows asks recurses points stacks varies; do
    printf 'extern "C" int mqttsn_%s(int x);\n' $wrong >>"$tree/client/include/mqttsn/client.h"
done
cat >>"$tree/client/src/library.cpp" <<'CODE'
static int seen, set = 3;
int mqttsn_writes(int x) { return seen += x; }
int mqttsn_grows(int x) { return set += x; }
extern "C" int rand(void);
int mqttsn_asks(int x) { return x + rand(); }
int mqttsn_recurses(int x) { volatile int y = x; return y < 2 ? y : mqttsn_recurses(y - 1) * mqttsn_recurses(y - 2) + y; }
int mqttsn_points(int x) { return reinterpret_cast<int (*)(int)>(x)(x) + 1; }
int mqttsn_stacks(int x) { volatile char room[3000]; room[x] = 1; return room[x + 1]; }
int mqttsn_varies(int x) { volatile char room[x]; room[x - 1] = 1; return room[0]; }
CODE
run --tree "$tree"
notices '8 octets of variables'
notices 'needed from outside: (.* )?rand '
notices 'refused: recursion in mqttsn_recurses'
notices 'refused: call through a pointer in mqttsn_points'
notices 'stack 30[0-9]+ mqttsn_stacks'
notices 'refused: the frame of mqttsn_varies changes its size'

printf '<!-- size table -->\n<!-- end of size table -->\n' >"$tree/README.md"
run --check "$tree/README.md"
notices 'the size table'
"$here/sizes.sh" --core cortex-m0plus --readme "$tree/README.md" --full 99999 --publish-only 99999 --stack 9999 --session 999 >/dev/null
[ "$(grep -c '^| Cortex-M0+ | [1-9]' "$tree/README.md")" = 1 ] || { echo "no table was written"; failed=1; }
sed -i -E 's/^(\| Cortex-M0\+ \| )[0-9]+/\11000/' "$tree/README.md"
run --check "$tree/README.md"
notices 'the size table'
[ $failed -eq 0 ] && echo "every check notices its breach"
exit $failed
