#!/bin/sh
# Puts more Debian packages over a finished tree, in a layer of their own: FOLDER/tree. Called in a
# mount namespace of its own.
# usage: rootfs_layer.sh TREE FOLDER PACKAGE...
set -eu
tree=$1
folder=$2
root=$folder/root
shift 2
mkdir "$folder/tree" "$folder/work" "$root"
mount -t overlay overlay -o "lowerdir=$tree,upperdir=$folder/tree,workdir=$folder/work" "$root"
mount -t proc proc "$root/proc"
# As the machine gets its packages, by its proxies and the like.
apt-config dump | grep '^Acquire::' > "$root/tmp/apt.conf"
cp /etc/resolv.conf "$root/tmp/resolv.conf"
mount --bind "$root/tmp/resolv.conf" "$root/etc/resolv.conf"
echo 'hosts: files dns' > "$root/tmp/nsswitch.conf"
mount --bind "$root/tmp/nsswitch.conf" "$root/etc/nsswitch.conf"
chroot "$root" /bin/sh -eu -s -- "$@" <<'INSIDE'
export APT_CONFIG=/tmp/apt.conf DEBIAN_FRONTEND=noninteractive
printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d
chmod 755 /usr/sbin/policy-rc.d
mkdir -p /var/cache/apt/archives/partial
echo 'I: updating the lists of packages'
apt-get -qq update
echo "I: installing $*"
apt-get install -qq --yes --no-install-recommends -o Dpkg::Use-Pty=0 \
    -o Dpkg::Options::=--force-unsafe-io "$@"
rm -rf /var/cache/* /var/lib/apt/lists/*
INSIDE
umount "$root/etc/nsswitch.conf" "$root/etc/resolv.conf" "$root/proc"
rm -rf "$root/tmp/apt.conf" "$root/tmp/resolv.conf" "$root/tmp/nsswitch.conf"
umount "$root"
