#!/bin/sh
# Installs the Debian packages that a suite needs and the machine lacks: sh test/support/packages.sh mitmproxy tinyproxy
# Where that is impossible (another system, no root, no network) it says so loudly and ends well: the tests that need
# them skip with the same reason.
set -eu

missing=
for package in "$@"; do
  dpkg-query -W -f='${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null 2>&1 || [ "$(id -u)" != 0 ]; then
  echo "setup: MISSING:$missing. Install them, or run this as root on Debian; what needs them is SKIPPED" >&2
  exit 0
fi
echo "setup: installing$missing (Debian packages)" >&2
export DEBIAN_FRONTEND=noninteractive
# Nothing of them starts by itself: the tests start what they need, on ports of their own.
policy=/usr/sbin/policy-rc.d
made_policy=
if [ ! -e "$policy" ]; then
  made_policy=1
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod +x "$policy"
fi
log=$(mktemp)
# shellcheck disable=SC2086 # a list of names
if ! { apt-get update -q && apt-get install -qy --no-install-recommends $missing; } >"$log" 2>&1; then
  tail -n 20 "$log" >&2
  echo "setup: MISSING:$missing could not be installed; what needs them is SKIPPED" >&2
fi
[ -z "$made_policy" ] || rm -f "$policy"
rm -f "$log"
