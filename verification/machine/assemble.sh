#!/bin/sh
# Expected bytes of the instructions that cutaway-tensor's assembler knows, as the GNU assembler encodes them.
#
#   mvn ... -Dtest=AssemblerTest -Dcutaway.assembler.texts=true | grep -E '^[{}a-z0-9]+( |$)' > texts    the texts that the test asks for
#   verification/machine/assemble.sh < texts > cutaway-tensor/src/test/resources/dev/cutaway/tensor/machine/instructions.txt
#
# Needs as and objdump (binutils; made with 2.40).
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat >"$work/texts"
{ printf '.intel_syntax noprefix\n'; cat "$work/texts"; } >"$work/all.s"
as -o "$work/all.o" "$work/all.s"
objdump -d --no-show-raw-insn "$work/all.o" | sed -n 's/^ *\([0-9a-f]*\):\t.*/\1/p' >"$work/starts"
size=$(objdump -h "$work/all.o" | awk '$2 == ".text" { print $3 }')
objcopy -O binary --only-section=.text "$work/all.o" "$work/bytes"
od -An -v -tx1 "$work/bytes" | tr -d ' \n' >"$work/hex"
awk -v hexfile="$work/hex" -v size="$size" '
  function decimal(h,  i, n) { n = 0; for (i = 1; i <= length(h); i++) n = 16 * n + index("0123456789abcdef", substr(h, i, 1)) - 1; return n }
  BEGIN { getline hex < hexfile }
  FNR == NR { start[++n] = decimal($1); next }
  { text[++m] = $0 }
  END {
    if (n != m) { print n " instructions for " m " texts" > "/dev/stderr"; exit 1 }
    start[n + 1] = decimal(size)
    for (i = 1; i <= n; i++) print substr(hex, 2 * start[i] + 1, 2 * (start[i + 1] - start[i])) "\t" text[i]
  }' "$work/starts" "$work/texts"
