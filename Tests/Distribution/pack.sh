#!/usr/bin/env bash
# Packs the built command as FOLDER/torchport-VERSION-linux-PROCESSOR.tar.gz and FOLDER/SHA256SUMS.
#
#   pack.sh FOLDER
#
# The same build gives the same bytes: names are sorted, owner, modes and times are fixed. The time is
# SOURCE_DATE_EPOCH, else that of the last commit. Needs GNU tar, gzip, strip and sha256sum.
set -euo pipefail
folder=${1:?usage: pack.sh FOLDER}
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
cd "$(dirname "$0")/../.."

version=$(sed -n 's/.*static let version = "\(.*\)"/\1/p' Sources/TPReports/Tool.swift)
name=torchport-$version-$(uname -s | tr '[:upper:]' '[:lower:]')-$(uname -m)
time=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

make --no-print-directory install DESTDIR="$work/$name" PREFIX= >/dev/null

# What is linked in is distributed with it, and so are its notices.
licenses=$work/$name/share/doc/torchport/licenses
install -d -m 755 "$licenses"
add() { # NAME FILE...
  local target=$licenses/$1.txt
  shift
  for file in "$@"; do
    [ ! -f "$file" ] || cat "$file" >>"$target"
  done
  [ -s "$target" ] || { echo "pack.sh: no licence found for $(basename "$target")" >&2; exit 2; }
}
add swift-argument-parser .build/checkouts/swift-argument-parser/LICENSE.txt
swift=$(dirname "$(readlink -f "$(command -v "${SWIFT:-swift}")")")/..
add swift "$swift/share/swift/LICENSE.txt"
for package in libhdf5 libaec libyaml libssl; do
  add "$package" "/usr/share/doc/$package-dev/copyright"
done

find "$work/$name" -type d -exec chmod 755 {} +
find "$work/$name" -type f ! -path '*/bin/*' -exec chmod 644 {} +
LC_ALL=C tar --sort=name --format=ustar --owner=0 --group=0 --numeric-owner --mtime="@$time" \
  -C "$work" -cf - "$name" | gzip -9 -n >"$work/$name.tar.gz"
mv "$work/$name.tar.gz" "$folder/$name.tar.gz"
(cd "$folder" && sha256sum -- *.tar.gz >SHA256SUMS)
printf '%s, %s bytes\n' "$folder/$name.tar.gz" "$(stat -c %s "$folder/$name.tar.gz")"
