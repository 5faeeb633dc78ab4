#!/usr/bin/env bash
# Judges weights against goldens. The command itself writes annotations and the summary of the step where it runs in
# GitHub Actions; this adds the files of the artifact and the outputs. Ends with the command's exit status.
#
# Reads TORCHPORT_WEIGHTS, TORCHPORT_GOLDENS (one on each line), TORCHPORT_ARCHITECTURE, TORCHPORT_BASELINE;
# RUNNER_TEMP and GITHUB_OUTPUT are the runner's.
set -euo pipefail
reports=${RUNNER_TEMP:?the runner sets it}/torchport-reports
mkdir -p "$reports"

options=()
while IFS= read -r golden; do
  golden=$(sed 's/^[[:space:]]*//; s/[[:space:]]*$//' <<<"$golden")
  [ -z "$golden" ] || options+=(--golden "$golden")
done <<<"${TORCHPORT_GOLDENS:-}"
if [ ${#options[@]} -eq 0 ]; then
  echo "::error title=TorchPort::the input goldens names no file"
  exit 64
fi
[ -z "${TORCHPORT_ARCHITECTURE:-}" ] || options+=(--architecture "$TORCHPORT_ARCHITECTURE")
[ -z "${TORCHPORT_BASELINE:-}" ] || options+=(--at-least-as-good-as "$TORCHPORT_BASELINE")

status=0
torchport verify "${options[@]}" --json --force --junit "$reports/parity.xml" --html "$reports/parity.html" \
  --markdown "$reports/parity.md" -- "${TORCHPORT_WEIGHTS:?the input weights is empty}" \
  >"$reports/parity.json.new" || status=$?
# The baseline may be the parity.json of an earlier step.
mv "$reports/parity.json.new" "$reports/parity.json"
[ ! -s "$reports/parity.md" ] || cat "$reports/parity.md"

case $status in
  0) verdict=holds ;;
  3) verdict=undecided ;;
  1) if grep -q '"verdict": "golden_suspect"' "$reports/parity.json" && ! grep -q '"verdict": "broken"' "$reports/parity.json"
     then verdict=golden_suspect; else verdict=broken; fi ;;
  *)
    verdict=failed
    echo "::error title=TorchPort::$TORCHPORT_WEIGHTS could not be verified; the log says why"
    ;;
esac
{
  echo "verdict=$verdict"
  echo "reports=$reports"
} >>"${GITHUB_OUTPUT:?the runner sets it}"
exit "$status"
