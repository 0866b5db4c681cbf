#!/bin/sh
# Makes a fresh clone ready: dependencies from the lockfile, nothing else. Quick when there is nothing to do.
# With --with-runtime it also builds the real AWS Lambda runtime client, which is optional: it compiles
# natively for about a minute, and without it a small runtime loop of the same API takes its place.
set -eu
cd "$(dirname "$0")/../.."

if [ ! -e node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
  echo "setup: installing dependencies (npm ci)" >&2
  npm ci --no-audit --no-fund --loglevel=error >&2
  touch node_modules/.package-lock.json
fi

if [ "${1:-}" = "--with-runtime" ] && [ ! -e .runtime/done ]; then
  mkdir -p .runtime
  echo "setup: building the AWS Lambda runtime client, aws-lambda-ric 4.0.2 (about a minute, once)" >&2
  if npm install --prefix .runtime --no-save --no-package-lock --no-audit --no-fund --loglevel=error aws-lambda-ric@4.0.2 >.runtime/build.log 2>&1; then
    echo ok >.runtime/done
  else
    echo failed >.runtime/done
    echo "setup: aws-lambda-ric did not build here (see .runtime/build.log); a small runtime loop takes its place" >&2
  fi
fi
