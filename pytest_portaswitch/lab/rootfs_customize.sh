#!/bin/sh
# Turns a plain Debian tree into what all hosts of a lab have in common. Called by mmdebstrap with
# the tree as its argument; what costs seconds is done here, once, and not at each start of a lab.
set -eu
chroot "$1" /bin/sh -eu <<'INSIDE'
for user in audit auditpw nosudo; do
    useradd --create-home --shell /bin/bash "$user"
done
for user in porta-billing porta-sip porta-web; do
    useradd --system --user-group --home-dir /nonexistent --shell /usr/sbin/nologin "$user"
done

# Debian's rpm keeps its database in the home of whoever runs it, unless told otherwise.
mkdir -p /etc/rpm /var/lib/rpm /usr/local/share/lab
echo '%_dbpath /var/lib/rpm' > /etc/rpm/macros
rpmdb --initdb
for release in MR118 MR119; do
    {
        echo "Name: porta-common"
        echo "Version: $release"
        echo "Release: 1"
        echo "Summary: The release that this server is on"
        echo "License: none"
        echo "BuildArch: noarch"
        echo "%description"
        echo "The release that this server is on."
        echo "%files"
    } > /tmp/porta-common.spec
    rpmbuild --quiet -bb --define '_topdir /tmp/rpmbuild' /tmp/porta-common.spec
    mv /tmp/rpmbuild/RPMS/noarch/porta-common-$release-1.noarch.rpm /usr/local/share/lab/
done
rpm --install --justdb --nodeps /usr/local/share/lab/porta-common-MR119-1.noarch.rpm
# So that a login without rights can ask, too.
chmod -R a+rX /var/lib/rpm

# Debian's defaults make files of 200 MB, which each database host would copy into memory.
rm -rf /var/lib/mysql
mariadb-install-db --no-defaults --user=mysql --datadir=/var/lib/porta-db --skip-test-db \
    --auth-root-authentication-method=socket --innodb-log-file-size=8M \
    --innodb-data-file-path=ibdata1:4M:autoextend --innodb-autoextend-increment=4 \
    --innodb-use-native-aio=0 \
    --innodb-flush-method=fsync > /dev/null

# freeDiameter makes its own parameters at each start otherwise, which takes seconds; and GnuTLS
# reads these, but not the X9.42 ones that `openssl dhparam -dsaparam` writes.
openssl genpkey -genparam -algorithm DH -pkeyopt group:ffdhe2048 -out /usr/local/share/lab/dh.pem

sed -i 's/^hosts:.*/hosts: files/' /etc/nsswitch.conf
rm -rf /tmp/* /etc/ssh/ssh_host_* /var/cache/* /usr/share/fonts/* /usr/share/mime/*
INSIDE
