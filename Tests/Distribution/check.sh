#!/usr/bin/env bash
# Runs the packed command on a bare Debian 12: what debootstrap's smallest variant has, and the runtime
# packages of libzip, libhdf5 and libdeflate.
#
#   check.sh FOLDER     FOLDER is what pack.sh filled
#
# Needs root, debootstrap, readelf and a Debian mirror (MIRROR=, else debootstrap's own). ROOT= names a
# folder to keep the bare system in; without it one is made and removed.
set -euo pipefail
folder=$(cd "${1:?usage: check.sh FOLDER}" && pwd)
cd "$(dirname "$0")/../.."
[ "$(id -u)" = 0 ] || { echo "check.sh: chroot needs root" >&2; exit 2; }
command -v debootstrap >/dev/null || { echo "check.sh: debootstrap is not installed" >&2; exit 2; }

root=${ROOT:-}
if [ -z "$root" ]; then
  root=$(mktemp -d)
  trap 'umount "$root/proc" 2>/dev/null || true; rm -rf --one-file-system "$root"' EXIT
else
  trap 'umount "$root/proc" 2>/dev/null || true' EXIT
fi

echo "== checksums"
(cd "$folder" && sha256sum -c SHA256SUMS)
archive=$(ls "$folder"/torchport-*-linux-*.tar.gz)
name=$(basename "$archive" .tar.gz)

echo "== a bare Debian 12"
if [ ! -x "$root/usr/bin/apt-get" ]; then
  debootstrap --variant=minbase bookworm "$root" ${MIRROR:+"$MIRROR"} >/dev/null
fi
inside() { chroot "$root" /usr/bin/env -i PATH=/usr/local/bin:/usr/bin:/bin HOME=/root LC_ALL=C.UTF-8 "$@"; }
if [ ! -e "$root/packages.before" ]; then
  # shellcheck disable=SC2016 # dpkg-query's own variable
  inside dpkg-query -W -f '${Package}\n' >"$root/packages.before"
fi
if ! inside dpkg-query -W libzip4 libhdf5-103-1 libdeflate0 >/dev/null 2>&1; then
  chroot "$root" apt-get update -q >/dev/null
  DEBIAN_FRONTEND=noninteractive chroot "$root" apt-get install -y -q --no-install-recommends \
    libzip4 libhdf5-103-1 libdeflate0 >/dev/null
fi
# shellcheck disable=SC2016
inside dpkg-query -W -f '${Package}\n' >"$root/packages.after"
echo "added: $(comm -13 <(sort "$root/packages.before") <(sort "$root/packages.after") | tr '\n' ' ')"

echo "== install by unpacking"
rm -rf "${root:?}/usr/local" "${root:?}/try"
mkdir -p "$root/usr/local" "$root/try"
tar -xzf "$archive" -C "$root/usr/local" --strip-components=1
needed=$(readelf -d "$root/usr/local/bin/torchport" | sed -n 's/.*NEEDED.*\[\(.*\)\]/\1/p' | sort | tr '\n' ' ')
echo "needs: $needed"
allowed=' ld-linux-x86-64.so.2 ld-linux-aarch64.so.1 libc.so.6 libm.so.6 libgcc_s.so.1 libstdc++.so.6 libz.so.1 libzip.so.4 libdeflate.so.0 '
for library in $needed; do
  case $allowed in
    *" $library "*) ;;
    *) echo "check.sh: $library is not among what a bare system has" >&2; exit 1 ;;
  esac
done
for file in share/man/man1/torchport.1 share/man/man1/torchport-verify.1 share/doc/torchport/LICENSE \
  share/bash-completion/completions/torchport share/zsh/site-functions/_torchport \
  share/fish/vendor_completions.d/torchport.fish share/doc/torchport/licenses/libhdf5.txt; do
  [ -s "$root/usr/local/$file" ] || { echo "check.sh: $file is missing in $name" >&2; exit 1; }
done

cp fixtures/run/best_lightweight_model.pth "$root/try/best.pth"
cp fixtures/run/checkpoint_epoch_5.pth "$root/try/epoch5.pth"
cp fixtures/goldens/best.npz "$root/try/golden.npz"
cp fixtures/clips/uint8.npy "$root/try/clip.npy"
cp fixtures/mapping/renamed.pth fixtures/mapping/renamed.yaml "$root/try/"

# What each must end in, and the command.
expect() {
  local status=0 wanted=$1
  shift
  printf '\n$ torchport %s\n' "$*"
  # shellcheck disable=SC2016 # the inner shell's own
  inside /bin/sh -c 'cd /try && exec torchport "$@"' sh "$@" || status=$?
  [ "$status" = "$wanted" ] || { echo "check.sh: status $status, not $wanted" >&2; exit 1; }
}
# Swift reads arguments from /proc: without it nothing can be done, and that must not look like success.
expect 2 --version
mount -t proc proc "$root/proc" || { echo "check.sh: cannot mount /proc in $root" >&2; exit 2; }
expect 0 --version
expect 0 convert best.pth -o model.safetensors
expect 0 convert best.pth -o model.h5
expect 0 convert renamed.pth -o mapped.h5 --map renamed.yaml --architecture none
for file in best.pth model.safetensors model.h5; do
  expect 0 inspect "$file" --only 'fc*'
  expect 0 verify "$file" --golden golden.npz
done
expect 0 verify model.safetensors
expect 0 verify model.h5 --source best.pth
expect 0 diff best.pth model.h5
expect 1 diff epoch5.pth best.pth --top 3
expect 0 predict model.h5 clip.npy
expect 0 scan best.pth
expect 64 convrt best.pth

# The same bytes as on the machine that built it; HDF5 is linked in, so that holds for it, too.
for file in model.safetensors model.h5; do
  rm -f "$root/try/here.${file##*.}"
  (cd "$root/try" && "$OLDPWD/.build/release/torchport" convert best.pth -o "here.${file##*.}" >/dev/null)
  .build/release/torchport diff "$root/try/$file" "$root/try/here.${file##*.}" >/dev/null
done
printf '\nThe tarball runs on a bare Debian 12.\n'
