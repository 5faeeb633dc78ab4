#!/usr/bin/env bash
# Builds the two programs of this package and runs them, and proves what an app that links product LipReading needs:
# - it builds where no pkg-config file of libzip, libhdf5, libdeflate, libyaml or libcrypto is found, and, where this user may make a
#   mount namespace, where their headers and libraries lie under empty ones;
# - no module beside the runtime half is built for it;
# - it sees in a clip what PyTorch saw, with int8 weights that the command made (.build/release/torchport);
# - its executable needs the C library, libm and Swift's runtime, and neither Foundation nor any other library.
#   Tests/Consumer/check.sh [lipreading|torchport]...   (both without an argument)
set -eu -o pipefail
cd "$(dirname "$0")"
root=$(cd ../.. && pwd)
swift=${SWIFT:-swift}
scratch=$root/.build/consumer
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
parts=("$@")
[ ${#parts[@]} -gt 0 ] || parts=(lipreading torchport)

# The versions that the package itself was built with, so that nothing has to be looked for again.
[ ! -e "$root/Package.resolved" ] || cp "$root/Package.resolved" Package.resolved

fail() { echo "consumer: $*" >&2; exit 1; }

# Runs a command where the C libraries of the other products cannot be found.
hidden() {
  local nothing=/nonexistent
  if [ "$(uname)" = Linux ] && unshare --user --map-root-user --mount true 2>/dev/null; then
    # shellcheck disable=SC2016
    PKG_CONFIG_LIBDIR=$nothing PKG_CONFIG_PATH=$nothing unshare --user --map-root-user --mount bash -euc '
      for file in /usr/include/{zip,zipconf,libdeflate,yaml}.h /usr/include/hdf5/serial/hdf5.h /usr/include/openssl/sha.h \
        /usr/lib/*-linux-gnu/lib{zip,hdf5,hdf5_serial,deflate,yaml}.{so,a} \
        /usr/lib/*-linux-gnu/libcrypto.a; do
        [ ! -e "$file" ] || mount --bind /dev/null "$(readlink -f "$file")"
      done
      exec "$@"' hidden "$@"
  else
    echo "consumer: no mount namespace for this user; the libraries are hidden from pkg-config alone" >&2
    PKG_CONFIG_LIBDIR=$nothing PKG_CONFIG_PATH=$nothing "$@"
  fi
}

lipreading() {
  rm -rf "$scratch/lipreading"
  hidden "$swift" build -c release --skip-update --package-path . --scratch-path "$scratch/lipreading" --product classify >"$out/log" 2>&1 ||
    { cat "$out/log" >&2; fail "classify does not build without the C libraries"; }
  grep -qi 'warning.*\(zip\|hdf5\|deflate\|yaml\|crypto\)' "$out/log" && { cat "$out/log" >&2; fail "its build asks for a C library"; }
  local built
  built=$(cd "$scratch/lipreading/release" && find . -name '*.o' | sed 's|^\./\([^/]*\)\.build/.*|\1|' | LC_ALL=C sort -u | tr '\n' ' ')
  [ "$built" = "CTPKernels LipReading TPBytes TPModels TPSafeTensors TPTensors classify " ] ||
    fail "more than the runtime half was built: $built"
  if [ "$(uname)" = Linux ]; then
    local needed
    needed=$(readelf -d "$scratch/lipreading/release/classify" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p')
    [ -n "$needed" ] || fail "readelf lists no needed libraries"
    local name
    for name in $needed; do
      case $name in
        libc.so.6 | libm.so.6 | libgcc_s.so.1 | libstdc++.so.6 | ld-linux-*) ;;
        libswiftCore.so | libswiftGlibc.so | libswift_Concurrency.so | libswiftSynchronization.so) ;;
        libswift_StringProcessing.so | libswift_RegexParser.so | libswift_Builtin_float.so | libswiftSwiftOnoneSupport.so) ;;
        *) fail "classify needs $name" ;;
      esac
    done
    echo "classify needs: $(echo "$needed" | tr '\n' ' ')"
  fi
  # 32 frames of 64 x 96, whose class PyTorch knows; the live window must see it with the last of them.
  local torchport=$root/.build/release/torchport expected
  [ -x "$torchport" ] || fail "the command is needed to make a weight file: make build"
  "$torchport" convert "$root/fixtures/run/best_lightweight_model.pth" -o "$out/small.safetensors" \
    --dtype int8 --fold-batch-norm >/dev/null
  tail -c $((32 * 64 * 96)) "$root/fixtures/clips/uint8.npy" >"$out/frames.raw"
  expected=$(sed -n '/"uint8.npy"/,/}/s/.*"predicted": "\(.*\)".*/\1/p' "$root/fixtures/clips/expected.json" | head -1)
  "$scratch/lipreading/release/classify" "$out/small.safetensors" "$out/frames.raw" 96 64 | tee "$out/seen"
  [ -n "$expected" ] && grep -qx "clip: $expected" "$out/seen" && grep -qx "frame 32: $expected" "$out/seen" ||
    fail "classify does not see $expected"
}

torchport() {
  "$swift" build -c release --skip-update --package-path . --scratch-path "$scratch/torchport" --product port >"$out/log" 2>&1 ||
    { cat "$out/log" >&2; fail "port does not build"; }
  "$scratch/torchport/release/port" "$root/fixtures/run/best_lightweight_model.pth" "$root/fixtures/goldens/bare.npz" \
    "$out/model.safetensors" | tee "$out/port"
  grep -qx 'parity holds' "$out/port" || fail "port did not find that parity holds"
}

for part in "${parts[@]}"; do "$part"; done
