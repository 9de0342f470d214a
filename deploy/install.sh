#!/bin/sh
# Puts a package of nodes and what it needs beside this script. $1: its name, name and version, or a tarball, here or by its whole path.
set -eu
cd "$(dirname "$0")"
npm install --prefix . --omit=dev --ignore-scripts --no-audit --no-fund "$1"
rm -f ./*.tgz
