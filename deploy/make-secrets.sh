#!/bin/sh
# Draws the secrets of compose.yaml, once. Keep a copy of secrets/encryption_key: without it no stored credential can be read.
set -eu
cd "$(dirname "$0")"
mkdir -p secrets
# Only you may look into the directory. The files themselves have to be readable for the user that n8n runs as in its container.
chmod 700 secrets
for name in encryption_key postgres_password redis_password; do
	if [ -e "secrets/$name" ]; then continue; fi
	# No line break at the end: n8n takes a file as it is.
	head -c 24 /dev/urandom | od -An -v -tx1 | tr -d ' \n' >"secrets/$name"
	chmod 644 "secrets/$name"
	echo "drew secrets/$name"
done
