#!/bin/sh
# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Last step of building the root file system: accounts, sshd, FRR. $1 is its root.
set -eu
root=$1

chroot "$root" useradd --create-home --shell /usr/bin/vtysh --groups frr,frrvty admin
printf 'root:lab-only\nadmin:lab-only\n' | chroot "$root" chpasswd --crypt-method SHA256 --sha-rounds 1000
grep -qx /usr/bin/vtysh "$root/etc/shells" || echo /usr/bin/vtysh >> "$root/etc/shells"

rm -f "$root"/etc/ssh/ssh_host_* "$root"/etc/motd "$root"/etc/update-motd.d/* "$root"/etc/resolv.conf
cat > "$root/etc/ssh/sshd_config" <<'EOF'
HostKey /etc/ssh/ssh_host_ed25519_key
AuthorizedKeysFile /lab/authorized_keys
StrictModes no
PermitRootLogin yes
UsePAM no
UseDNS no
PrintMotd no
PrintLastLog no
X11Forwarding no
MaxStartups 200
MaxSessions 200
LoginGraceTime 60
Subsystem sftp internal-sftp
EOF
sed -i 's/^hosts:.*/hosts: files/' "$root/etc/nsswitch.conf"
cat > "$root/etc/profile" <<'EOF'
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
PS1='\u@\h:\w\$ '
EOF

printf 'service integrated-vtysh-config\n' > "$root/etc/frr/vtysh.conf"
rm -f "$root/etc/frr/frr.conf" "$root/etc/openvswitch/conf.db"
chroot "$root" chown -R frr:frrvty /etc/frr
chmod 2775 "$root/etc/frr"
mkdir -p "$root/lab"
