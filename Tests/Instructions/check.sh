#!/usr/bin/env bash
# Counts the instructions of fixed jobs under valgrind's callgrind and holds them against recorded.txt: more than a
# twentieth above it is a failure. Counts do not depend on how busy the machine is; they do on the compiler, which stands
# in the record's first line. Debug information is left out of what runs: valgrind 3.19 gives up on that of the libraries
# that are linked into the command.
#   Tests/Instructions/check.sh [--record]
set -eu -o pipefail
cd "$(dirname "$0")/../.."
built=.build/release/torchport
record=Tests/Instructions/recorded.txt
run=fixtures/run
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
for tool in valgrind strip; do
  command -v $tool >/dev/null || { echo "$tool is needed: apt-get install valgrind binutils" >&2; exit 2; }
done
torchport=$out/torchport
strip --strip-debug -o "$torchport" "$built"

compiler=$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9.]*\).*/Swift \1/p' | head -1)
compiler="$compiler, $(uname -sm)"

# Millions of instructions of a command, whatever it finds.
count() {
  valgrind --tool=callgrind --callgrind-out-file=/dev/null "$@" >/dev/null 2>"$out/log" || [ $? = 1 ] ||
    { cat "$out/log" >&2; exit 2; }
  sed -n 's/.*Collected : \([0-9]*\).*/\1/p' "$out/log" | awk '{printf "%.1f", $1 / 1e6}' >"$out/count"
  [ -s "$out/count" ] || { cat "$out/log" >&2; exit 2; }
  cat "$out/count"
}

best=$run/best_lightweight_model.pth
"$torchport" convert "$best" -o "$out/model.safetensors" >/dev/null
jobs=(
  "inspect|inspect $best"
  "scan|scan $best"
  "convert to safetensors|convert $best -o $out/counted.safetensors"
  "convert to hdf5|convert $best -o $out/counted.h5"
  "diff of two epochs|diff $run/checkpoint_epoch_5.pth $run/checkpoint_epoch_15.pth"
  "diff with what was converted|diff $best $out/model.safetensors"
  "predict, portable kernels|predict $out/model.safetensors fixtures/clips/uint8.npy --kernels portable"
)
{
  echo "# millions of instructions; $compiler"
  for job in "${jobs[@]}"; do
    read -ra words <<<"${job#*|}"
    counted=$(count "$torchport" "${words[@]}")
    printf '%s\t%s\n' "${job%%|*}" "$counted"
  done
} >"$out/now.txt"

if [ "${1:-}" = --record ]; then
  cp "$out/now.txt" "$record"
  cat "$record"
  exit
fi
if [ "$(head -1 "$record")" != "$(head -1 "$out/now.txt")" ]; then
  echo "The record is of another compiler: $(head -1 "$record"); now $(head -1 "$out/now.txt")." >&2
  echo "Record anew, from the commit before yours: Tests/Instructions/check.sh --record" >&2
  exit 2
fi
awk -F'\t' '
  FNR == 1 { next }
  NR == FNR { before[$1] = $2; next }
  {
    growth = before[$1] > 0 ? $2 / before[$1] - 1 : 0
    verdict = !($1 in before) ? "not recorded" : growth > 0.05 ? "GREW" : growth < -0.05 ? "shrank: record it" : "same"
    if (!($1 in before) || growth > 0.05) bad = 1
    printf "%-32s %10.1f -> %10.1f million  %+6.1f %%  %s\n", $1, before[$1], $2, 100 * growth, verdict
  }
  END { exit bad }' "$record" "$out/now.txt"
