#!/bin/sh
# A data volume hides what an image holds below ~/.n8n, so the nodes are put there at every start. What follows is n8n's
# own entry point with n8n's own arguments; N8N_ENTRYPOINT names another one where n8n is not in its image.
set -eu
nodes=~/.n8n/nodes/node_modules
mkdir -p "$nodes"
# An older version's files must not stay among those of a newer one.
rm -rf "$nodes/n8n-nodes-8x8-recordings"
cp -r "$(dirname "$0")/node_modules/." "$nodes/"
exec "${N8N_ENTRYPOINT:-/docker-entrypoint.sh}" "$@"
