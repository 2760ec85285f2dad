#!/bin/bash
# Real versions for `deno task bench delta`, in the directory that is given: Debian's packages and a root of Debian, each before
# and after updates. Needs Debian 12, root, and the network. What is there already is kept.
set -euo pipefail
cd "$1"
suite=bookworm

tar_of() { # DIRECTORY FILE
  tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner --format=gnu -C "$1" -cf "$2.tmp" .
  mv "$2.tmp" "$2"
}

# The newest or oldest version of a package that there is: unpacked DIRECTORY PACKAGE head|tail
unpacked() {
  local version
  version=$(apt-cache madison "$2" | grep Packages | "$3" -n 1 | cut -d'|' -f2 | tr -d ' ')
  mkdir -p "$1"
  chmod 777 "$1"
  (cd "$1" && apt-get download "$2=$version" && dpkg-deb -x ./*.deb tree && rm ./*.deb) >&2
  echo "$2 $version" >&2
}

whole_package() { # FILE PACKAGE head|tail
  [ -e "$1" ] && return
  rm -rf work && unpacked work "$2" "$3" && tar_of work/tree "$1"
}

kernel() { # FILE RELEASE: the parts whose names do not change
  [ -e "$1" ] && return
  rm -rf work && unpacked work "linux-image-6.1.0-$2-amd64" head
  mkdir work/parts
  mv work/tree/lib/modules/*/kernel/{fs,net,sound} work/parts
  mv work/tree/boot/vmlinuz-* work/parts/vmlinuz
  tar_of work/parts "$1"
}

root() { # FILE SOURCE…
  local file=$1
  shift
  [ -e "$file" ] && return
  SOURCE_DATE_EPOCH=1700000000 mmdebstrap --variant=important \
    --include=openssl,curl,ca-certificates,python3,perl,git,vim,openssh-server,bind9-host,gnupg \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' \
    --customize-hook='rm -rf "$1"/var/lib/apt/lists/* "$1"/var/log/* "$1"/var/cache/*' \
    "$suite" "$file.tmp.tar" "$@" >&2
  mv "$file.tmp.tar" "$file"
}

images() { # NAME: ext4 and squashfs of NAME.tar
  [ -e "$1.ext4" ] && [ -e "$1.squashfs" ] && return
  rm -rf work && mkdir work && tar --numeric-owner -C work -xpf "$1.tar"
  local id=12345678-1234-1234-1234-123456789abc used
  rm -f "$1.ext4"
  E2FSPROGS_FAKE_TIME=1700000000 mke2fs -q -F -t ext4 -b 4096 -I 256 -O '^metadata_csum,^has_journal' -U $id \
    -E hash_seed=$id,lazy_itable_init=0 -L root -d work "$1.ext4.tmp" 500M
  # It copies when files were unpacked and read.
  used=$(dumpe2fs -h "$1.ext4.tmp" 2>/dev/null | awk '/^Inode count/ { n = $3 } /^Free inodes/ { n -= $3 } END { print n }')
  for ((i = 2; i <= used; i++)); do
    for field in atime ctime; do echo "sif <$i> $field @1700000000"; echo "sif <$i> ${field}_extra 0"; done
  done | E2FSPROGS_FAKE_TIME=1700000000 debugfs -w -f - "$1.ext4.tmp" >/dev/null 2>&1
  mksquashfs work "$1.squashfs" -comp zstd -Xcompression-level 15 -b 131072 -mkfs-time 0 -all-time 0 -all-root \
    -noappend -quiet -no-progress
  mv "$1.ext4.tmp" "$1.ext4"
}

for release in 53 55 56; do kernel kernel-$release.tar $release; done
for version in old:tail new:head; do
  for package in firefox-esr openjdk-17-jre-headless libwebkit2gtk-4.1-0 mariadb-server-core; do
    whole_package "$package-${version%:*}.tar" "$package" "${version#*:}"
  done
done
main="deb http://deb.debian.org/debian $suite main"
security="deb http://deb.debian.org/debian-security $suite-security main"
root root-old.tar "$main"
root root-new.tar "$main" "$security"
for version in old new; do images root-$version; done
rm -rf work
