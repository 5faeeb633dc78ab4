#!/usr/bin/env bash
# Puts torchport on the PATH of the job's later steps: from a release tarball whose checksum is right, or the one that is
# installed, or built from the sources around this file.
#
# Reads TORCHPORT_TARBALL (URL or path), TORCHPORT_SHA256; RUNNER_TEMP and GITHUB_PATH are the runner's.
set -euo pipefail
tarball=${TORCHPORT_TARBALL:-}
wanted=${TORCHPORT_SHA256:-}
home=${RUNNER_TEMP:?the runner sets it}/torchport

fail() {
  echo "::error title=TorchPort::$1"
  exit 2
}

# The libraries that the command needs at run time; elsewhere than on Debian and its kin they must be there.
libraries() {
  ldd "$1" 2>/dev/null | grep -q 'not found' || return 0
  command -v apt-get >/dev/null || fail "install the runtime libraries of libzip and libdeflate"
  local sudo=
  [ "$(id -u)" = 0 ] || sudo=sudo
  $sudo apt-get update -q >/dev/null
  # Ubuntu 24.04 has libzip4 under the name libzip4t64.
  local zip=libzip4
  ! apt-cache show libzip4t64 >/dev/null 2>&1 || zip=libzip4t64
  DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -q --no-install-recommends "$zip" libdeflate0 >/dev/null
}

if [ -n "$tarball" ]; then
  [ -n "$wanted" ] || fail "a tarball needs its checksum: set the input sha256"
  mkdir -p "$home"
  file=$home/torchport.tar.gz
  case $tarball in
    https://*) curl --fail --silent --show-error --location --output "$file" "$tarball" || fail "cannot download $tarball" ;;
    *://*) fail "a tarball is downloaded by https only" ;;
    *) cp -- "$tarball" "$file" || fail "there is no file $tarball" ;;
  esac
  found=$(sha256sum "$file" | cut -d ' ' -f 1)
  if [ "$found" != "$wanted" ]; then
    rm -f "$file"
    fail "the tarball has the SHA-256 $found, not $wanted"
  fi
  tar -xzf "$file" -C "$home" --strip-components=1
  bin=$home/bin
  libraries "$bin/torchport"
elif command -v torchport >/dev/null; then
  bin=$(dirname "$(command -v torchport)")
else
  command -v swift >/dev/null || fail "give a tarball, or install torchport or Swift before this step"
  sources=$(cd "$(dirname "$0")/../../.." && pwd)
  make -C "$sources" build
  bin=$sources/.build/release
fi
"$bin/torchport" --version
echo "$bin" >>"${GITHUB_PATH:?the runner sets it}"
