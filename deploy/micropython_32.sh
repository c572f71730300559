#!/usr/bin/env bash
# MicroPython's unix port with the 32-bit words that boards have, from Debian: nothing is installed, it lies in FOLDER
# (.micropython-32), and FOLDER/micropython starts it. Where there is no such Debian, or the kernel runs no i386
# programs, the tests that want it are left out.
set -eu
folder=${1:-.micropython-32}
suite=trixie
[ -x "$folder/micropython" ] && exit 0
give_up() { echo "note: no 32-bit MicroPython here ($1); its tests are left out" >&2; rm -rf "$folder.new"; exit 0; }
[ "$(uname -m)" = x86_64 ] || give_up "this machine is no x86-64"
command -v apt-get >/dev/null || give_up "no apt-get"
keys=/usr/share/keyrings/debian-archive-keyring.gpg
[ -f "$keys" ] || give_up "no $keys"
mirror=$(grep -rhoE '(https?|file|mirror)[^ ]*/debian/?( |$)' /etc/apt/sources.list /etc/apt/sources.list.d 2>/dev/null |
  head -n 1 | tr -d ' ') || true
[ -n "$mirror" ] || give_up "apt-get knows no mirror of Debian"
rm -rf "$folder.new"
mkdir -p "$folder.new/state/lists/partial" "$folder.new/cache/archives/partial" "$folder.new/debs"
new=$(cd "$folder.new" && pwd)
echo "deb [signed-by=$keys] $mirror $suite main" > "$new/sources.list"
apt=(apt-get -qq -o "Dir::Etc::SourceList=$new/sources.list" -o Dir::Etc::SourceParts=- -o "Dir::State=$new/state"
  -o "Dir::State::status=$new/status" -o "Dir::Cache=$new/cache" -o APT::Architecture=i386 -o APT::Architectures::=i386
  -o APT::Sandbox::User=root -o Acquire::Languages=none)
touch "$new/status"
echo "Fetching a MicroPython with 32-bit words …"
"${apt[@]}" update || give_up "$suite cannot be fetched"
(cd "$new/debs" && "${apt[@]}" download micropython libc6 libffi8 libmbedcrypto16 libmbedtls21 libmbedx509-7) ||
  give_up "$suite has no MicroPython for i386"
for package in "$new"/debs/*.deb; do
  dpkg -x "$package" "$new/root" || give_up "$(basename "$package") cannot be unpacked"
done
cat > "$new/micropython" <<'END'
#!/bin/sh
root=$(dirname "$(readlink -f "$0")")/root
exec "$root/usr/lib/i386-linux-gnu/ld-linux.so.2" --library-path "$root/usr/lib/i386-linux-gnu" \
  "$root/usr/bin/micropython" "$@"
END
chmod +x "$new/micropython"
"$new/micropython" -c 'import asyncio, tls' || give_up "it does not run"
rm -rf "$new/state" "$new/cache" "$new/debs" "$new/status" "$new/sources.list" "$folder"
mv "$new" "$folder"
