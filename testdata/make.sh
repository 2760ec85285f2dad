#!/usr/bin/env bash
# Makes everything in this folder again, with the real casync and desync. README.md tells what is what.
# Usage: sudo testdata/make.sh      (root, because files of the archives belong to root and one is a device)
# $DESYNC_PEER is the desync written in Go where it is not the `desync` on PATH.
set -euo pipefail
cd "$(dirname "$0")"
desync=${DESYNC_PEER:-desync}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export LC_ALL=C TZ=UTC
umask 022
small=4096:16384:65536 # bytes; 4:16:64 in desync's KB

rm -rf -- *.caibx *.caidx *.catar *.castr *.mtree SHA256SUMS

# The blobs.
deno run -A ../tests/support/testdata.ts "$work"
: >"$work/empty"
printf A >"$work/one-byte"

# casync: ids SHA-512/256, zstd.
casync make --store=casync-zstd.castr casync-blob.caibx "$work/blob"
casync make --store=casync-zstd.castr --chunk-size=$small casync-small.caibx "$work/small"
casync make --store=casync-zstd.castr --chunk-size=$small casync-empty.caibx "$work/empty"
casync make --store=casync-zstd.castr --chunk-size=$small casync-one-byte.caibx "$work/one-byte"

# casync: other compressions. Their index is casync-small.caibx: it does not tell how chunks are compressed.
for compression in gzip xz; do
  casync make --store=casync-$compression.castr --compression=$compression --chunk-size=$small \
    "$work/$compression.caibx" "$work/small"
  cmp "$work/$compression.caibx" casync-small.caibx
done

# casync: ids SHA-256.
casync make --store=casync-sha256.castr --digest=sha256 --chunk-size=$small casync-small-sha256.caibx "$work/small"

# casync: boundaries only, for unusual sizes; the chunks are thrown away.
casync make --store="$work/s.castr" --chunk-size=64:256:1024 casync-small-64-256-1024.caibx "$work/small"
casync make --store="$work/s.castr" --chunk-size=16:200:1000 casync-small-16-200-1000.caibx "$work/small"
casync make --store="$work/s.castr" --chunk-size=4096:4096:4096 casync-small-4096-fixed.caibx "$work/small"

# desync: ids SHA-512/256, zstd; the index alone for default sizes, for SHA-256 and for the empty blob.
mkdir desync-zstd.castr desync-uncompressed.castr
"$desync" make desync-blob.caibx "$work/blob"
"$desync" make -m 4:16:64 desync-empty.caibx "$work/empty"
"$desync" --digest sha256 make -m 4:16:64 desync-small-sha256.caibx "$work/small"
"$desync" make -m 4:16:64 -s desync-zstd.castr desync-small.caibx "$work/small"

# desync: uncompressed chunks.
printf '{"store-options": {"%s": {"uncompressed": true}}}\n' "$PWD/desync-uncompressed.castr" >"$work/config.json"
"$desync" --config "$work/config.json" chop -s "$PWD/desync-uncompressed.castr" desync-small.caibx "$work/small"

# A tree: folders, files, an empty file, executables, symlinks, names beyond ASCII, a folder of many entries.
tree=$work/tree
mkdir -p "$tree/bin" "$tree/empty-folder" "$tree/many" "$tree/deep/er/still"
head -c 100000 "$work/small" >"$tree/data"
printf 'hello\n' >"$tree/hello.txt"
: >"$tree/empty-file"
printf '#!/bin/sh\necho run\n' >"$tree/bin/run"
printf 'grüße\n' >"$tree/deep/er/still/grüße 世界.txt"
printf 'with a space\n' >"$tree/with a space"
for n in $(seq 1 37); do printf '%s\n' "$n" >"$tree/many/file-$n"; done
ln -s hello.txt "$tree/link"
ln -s /nowhere/at/all "$tree/deep/dangling"
ln -s ../bin/run "$tree/deep/up"
chmod 755 "$tree/bin/run"
chmod 600 "$tree/hello.txt"
chmod 700 "$tree/deep/er"
chown -R -h 0:0 "$tree"
find "$tree" -exec touch -h -d '2024-01-17 12:34:56.123456789' {} +

casync make --with=unix tree.catar "$tree"
casync make --with=unix --store=tree.castr --chunk-size=$small tree.caidx "$tree"
casync mtree tree.catar >tree.mtree
"$desync" tar desync-tree.catar "$tree"
"$desync" mtree tree.catar >desync-tree.mtree

# A tree of what needs root or a Linux file system: fifo, device, setuid, other owners, extended attributes.
nodes=$work/nodes
mkdir "$nodes"
mkfifo "$nodes/fifo"
mknod "$nodes/null" c 1 3
printf 'x\n' >"$nodes/setuid"
printf 'y\n' >"$nodes/attributes"
chown -R -h 0:0 "$nodes"
chown 12345:54321 "$nodes/setuid"
chmod 4755 "$nodes/setuid"
python3 -c 'import os, sys; os.setxattr(sys.argv[1], "user.note", b"value")' "$nodes/attributes"
find "$nodes" -exec touch -h -d '2024-01-17 12:34:56.123456789' {} +
casync make nodes.catar "$nodes"
casync mtree nodes.catar >nodes.mtree

# What all of it has to give back, seen to do so with the real programs.
(cd "$work" && sha256sum blob small empty one-byte) >SHA256SUMS
sha256sum tree.catar >>SHA256SUMS
sum() { awk -v name="$1" '$2 == name { print $1 }' SHA256SUMS; }
check() { # name-of-the-sum index store
  casync extract --store="$3" "$2" "$work/out"
  [ "$(sha256sum <"$work/out")" = "$(sum "$1")  -" ] || { echo "$2 with $3 does not give $1" >&2; exit 1; }
  rm "$work/out"
}
check blob casync-blob.caibx casync-zstd.castr
for store in casync-zstd casync-gzip casync-xz desync-zstd; do check small casync-small.caibx $store.castr; done
check small casync-small-sha256.caibx casync-sha256.castr
check one-byte casync-one-byte.caibx casync-zstd.castr
"$desync" --config "$work/config.json" extract -s "$PWD/desync-uncompressed.castr" casync-small.caibx "$work/out"
cmp "$work/out" "$work/small"

for index in *.caibx *.caidx; do
  digest=sha512-256
  case $index in *sha256*) digest=sha256 ;; esac
  ids=$("$desync" --digest $digest list-chunks "$index")
  printf '%-34s %5d chunks, %5d different\n' "$index" \
    "$(grep -c . <<<"$ids" || true)" "$(sort -u <<<"$ids" | grep -c . || true)"
done
for store in *.castr; do printf '%-34s %5d chunks\n' "$store" "$(find "$store" -type f | wc -l)"; done
du -sb .
