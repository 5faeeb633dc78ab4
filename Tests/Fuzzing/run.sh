#!/usr/bin/env bash
# Fuzzes each parser for SECONDS_EACH seconds, seeded with the fixtures; corpora and findings go to OUT. A crash, an
# input of more than two seconds of processor time and more than 512 MB are findings.
#   Tests/Fuzzing/run.sh [PARSER...]
set -eu -o pipefail
cd "$(dirname "$0")"
root=$(cd ../.. && pwd)
seconds=${SECONDS_EACH:-600}
out=${OUT:-$root/out/fuzz}
parsers=("$@")
[ ${#parsers[@]} -gt 0 ] || parsers=(pickle zip torch repacked legacy tar plain recover safetensors npy npz json)

# gold fails on libFuzzer's objects; lld comes with the toolchain.
flags=(-Xswiftc -sanitize=fuzzer -Xswiftc -use-ld=lld -Xlinker -lstdc++)
[ "$(uname)" = Darwin ] && flags=(-Xswiftc -sanitize=fuzzer)
swift build -c release --scratch-path "$root/.build/fuzzing" --product fuzz "${flags[@]}"
fuzz=$root/.build/fuzzing/release/fuzz

# The seeds of a parser: fixtures by the way they begin, whatever their name.
seeds() {
  local parser=$1 folder=$2
  mkdir -p "$folder"
  find "$root/fixtures/gallery/files" "$root/fixtures/torch-files" "$root/fixtures/weight-files" "$root/docs/json" \
    -type f -size -64k | sort | while read -r file; do
    local start
    start=$(head -c 8 "$file" | od -An -tx1 | tr -d ' \n')
    local kind=other
    case $start in
      504b0304*) kind=zip ;;
      934e554d*) kind=npy ;;
      80*) kind=pickle ;;
      7b*|5b*) kind=json ;;
    esac
    case $file in *.safetensors) kind=safetensors ;; *.npz) kind=npz ;; *legacy*) kind=legacy ;; */tar/*) kind=tar ;; esac
    case $parser/$kind in
      zip/zip|zip/npz|torch/zip|recover/zip|npz/npz|npy/npy|safetensors/safetensors|json/json|legacy/legacy|tar/tar|pickle/pickle|pickle/legacy|pickle/other|plain/pickle|plain/other|repacked/pickle)
        cp "$file" "$folder/$(echo "${file#"$root"/}" | tr '/' '_')" ;;
      repacked/zip|pickle/zip|plain/zip)
        unzip -p "$file" '*/data.pkl' > "$folder/tmp" 2>/dev/null || true
        [ -s "$folder/tmp" ] && mv "$folder/tmp" "$folder/$(echo "${file#"$root"/}" | tr '/' '_')" || rm -f "$folder/tmp" ;;
    esac
  done
}

status=0
for parser in "${parsers[@]}"; do
  corpus=$out/$parser/corpus
  mkdir -p "$corpus" "$out/$parser/findings"
  seeds "$parser" "$out/$parser/seeds"
  echo "fuzz $parser: $seconds s, $(find "$out/$parser/seeds" -type f | wc -l) seeds"
  TORCHPORT_PARSER=$parser "$fuzz" -max_total_time="$seconds" -timeout=300 -rss_limit_mb=512 -max_len=16384 \
    -print_final_stats=1 -artifact_prefix="$out/$parser/findings/" "$corpus" "$out/$parser/seeds" \
    > "$out/$parser/log" 2>&1 || { status=1; echo "  FOUND something: $out/$parser/findings"; tail -3 "$out/$parser/log"; }
  grep -E "stat::(number_of_executed_units|peak_rss_mb|slowest_unit)" "$out/$parser/log" | sed 's/^/  /' || true
done
exit $status
