#!/usr/bin/env bash
# Puts the real servers that the tests talk to on a Debian 12 machine: OpenSSH, ProFTPD with TLS, vsftpd, Pure-FTPd and
# pyftpdlib; Redis and PostgreSQL, which n8n's queue mode needs; Chromium, in which they use n8n's editor; FFmpeg, which plays
# what was converted; and a compiler for ssh2's native ciphers.
# Run it as root. It can be run again at any time: what is there is left as it is, and then no network is needed.
# No service is left running: each test starts its own server, on loopback, with its own configuration.
set -euo pipefail

# FTP servers exclude each other as packages, so these are only unpacked. testbed/servers/{vsftpd,pureftpd}.ts look here.
VSFTPD_DIRECTORY="${VSFTPD_DIRECTORY:-/opt/n8n-nodes-8x8-recordings/vsftpd}"
PUREFTPD_DIRECTORY="${PUREFTPD_DIRECTORY:-/opt/n8n-nodes-8x8-recordings/pure-ftpd}"
POLICY=/usr/sbin/policy-rc.d

say() { printf 'debian.sh: %s\n' "$*"; }

missing_packages() {
	[ -x /usr/sbin/sshd ] || echo openssh-server
	[ -x /usr/sbin/proftpd ] || echo proftpd-core
	[ -f /usr/lib/proftpd/mod_tls.so ] || echo proftpd-mod-crypto
	[ -d /usr/lib/python3/dist-packages/pyftpdlib ] || echo python3-pyftpdlib
	[ -d /usr/lib/python3/dist-packages/OpenSSL ] || echo python3-openssl
	command -v openssl >/dev/null || echo openssl
	[ -x /usr/bin/redis-server ] || echo redis-server
	compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null || echo postgresql
	[ -x /usr/bin/chromium ] || echo chromium
	[ -x /usr/bin/ffmpeg ] || echo ffmpeg
	# ssh2's native ciphers are built with these.
	command -v g++ >/dev/null || echo g++
	command -v make >/dev/null || echo make
	command -v python3 >/dev/null || echo python3
}

vsftpd_is_missing() { [ ! -x "$VSFTPD_DIRECTORY/usr/sbin/vsftpd" ]; }
pureftpd_is_missing() { [ ! -x "$PUREFTPD_DIRECTORY/usr/sbin/pure-ftpd" ]; }

mapfile -t packages < <(missing_packages)

if [ "${#packages[@]}" -eq 0 ] && ! vsftpd_is_missing && ! pureftpd_is_missing; then
	say 'openssh-server, proftpd, vsftpd, pure-ftpd, pyftpdlib, openssl, redis, postgresql, chromium, ffmpeg and a compiler are there: nothing to do'
	exit 0
fi

if [ "$(id -u)" -ne 0 ]; then
	say "must be run as root to install: ${packages[*]:-} $(vsftpd_is_missing && echo vsftpd) $(pureftpd_is_missing && echo pure-ftpd)" >&2
	exit 1
fi

export DEBIAN_FRONTEND=noninteractive
scratch="$(mktemp -d)"
made_policy=no

clean_up() {
	rm -rf "$scratch"
	if [ "$made_policy" = yes ]; then rm -f "$POLICY"; fi
}
trap clean_up EXIT

# invoke-rc.d asks this file before it starts a service; 101 means "not allowed" (Debian's /usr/share/doc/init-system-helpers).
if [ ! -e "$POLICY" ]; then
	printf '#!/bin/sh\nexit 101\n' >"$POLICY"
	chmod 755 "$POLICY"
	made_policy=yes
fi

say 'asking for the list of packages (apt-get update)'
apt-get update -qq

if [ "${#packages[@]}" -gt 0 ]; then
	say "installing ${packages[*]}"
	apt-get install -y -qq --no-install-recommends "${packages[@]}" >"$scratch/install.log" 2>&1 || {
		tail -n 40 "$scratch/install.log" >&2
		say 'apt-get install failed' >&2
		exit 1
	}
	# On a machine with systemd the packages are enabled for the next boot as well, and nobody asked for that.
	if [ -d /run/systemd/system ]; then
		for package in "${packages[@]}"; do
			case "$package" in
				openssh-server) systemctl disable --now ssh.service ssh.socket >/dev/null 2>&1 || true ;;
				proftpd-core) systemctl disable --now proftpd.service >/dev/null 2>&1 || true ;;
				redis-server) systemctl disable --now redis-server.service >/dev/null 2>&1 || true ;;
				postgresql) systemctl disable --now postgresql.service >/dev/null 2>&1 || true ;;
			esac
		done
	fi
fi

if vsftpd_is_missing; then
	say "unpacking vsftpd into $VSFTPD_DIRECTORY"
	# apt downloads as its own user `_apt`, who has to be able to write here.
	chmod 755 "$scratch"
	mkdir "$scratch/download"
	chown _apt "$scratch/download" 2>/dev/null || true
	(cd "$scratch/download" && apt-get download -qq vsftpd)
	mkdir -p "$VSFTPD_DIRECTORY"
	dpkg-deb -x "$scratch"/download/vsftpd_*.deb "$VSFTPD_DIRECTORY"
	# The libraries that the package would have pulled in.
	if ldd "$VSFTPD_DIRECTORY/usr/sbin/vsftpd" | grep -q 'not found'; then
		say 'installing the libraries of vsftpd: libwrap0 libnsl2 libpam0g libcap2 libssl3'
		apt-get install -y -qq --no-install-recommends libwrap0 libnsl2 libpam0g libcap2 libssl3 >/dev/null
	fi
fi

if pureftpd_is_missing; then
	say "unpacking pure-ftpd into $PUREFTPD_DIRECTORY"
	chmod 755 "$scratch"
	mkdir "$scratch/pure-ftpd"
	chown _apt "$scratch/pure-ftpd" 2>/dev/null || true
	(cd "$scratch/pure-ftpd" && apt-get download -qq pure-ftpd)
	mkdir -p "$PUREFTPD_DIRECTORY"
	dpkg-deb -x "$scratch"/pure-ftpd/pure-ftpd_*.deb "$PUREFTPD_DIRECTORY"
	if ldd "$PUREFTPD_DIRECTORY/usr/sbin/pure-ftpd" | grep -q 'not found'; then
		say 'installing the libraries of pure-ftpd: libcap2 libcrypt1 libpam0g libsodium23 libssl3'
		apt-get install -y -qq --no-install-recommends libcap2 libcrypt1 libpam0g libsodium23 libssl3 >/dev/null
	fi
fi

postgres="$(compgen -G '/usr/lib/postgresql/*/bin/postgres' | tail -n 1)"
say "ready: $(/usr/sbin/proftpd --version 2>&1 | head -n 1), vsftpd in $VSFTPD_DIRECTORY, $(openssl version)"
say "ready: $(/usr/bin/redis-server --version | cut -d ' ' -f 1-3), $("$postgres" --version)"
