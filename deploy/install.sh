#!/bin/sh
# Puts a package of nodes and what it needs beside this script. $1: its name, name and version, or a tarball.
set -eu
npm install --prefix "$(dirname "$0")" --omit=dev --ignore-scripts --no-audit --no-fund "$1"
