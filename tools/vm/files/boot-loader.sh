#!/bin/sh
# Gives the guest a boot loader of the kind of GRUB, and what stands for systemd. The guest is booted by QEMU, so its part
# is played: grub-mkconfig reads the files that the real one reads (/etc/default/grub.d/*.cfg, by the shell, in the order
# of their names) and writes the line of the kernel as 10_linux does; the lane gives that line to the kernel.
# systemd-run writes down what it was asked for. The files are on the share: they survive a boot, as on a disk.
set -eu
mkdir -p /host/boot/grub /host/grub.d /boot /etc/default/grub.d /usr/sbin
mount --bind /host/boot /boot
mount --bind /host/grub.d /etc/default/grub.d
[ -e /boot/grub/grub.cfg ] || printf 'menuentry guest {\n\tlinux\t/vmlinuz ro\n}\n' >/boot/grub/grub.cfg

cat >/usr/sbin/update-grub <<'END'
#!/bin/sh
exec grub-mkconfig -o /boot/grub/grub.cfg
END
cat >/usr/sbin/grub-mkconfig <<'END'
#!/bin/sh
GRUB_CMDLINE_LINUX_DEFAULT=
for file in /etc/default/grub.d/*.cfg; do
  [ ! -e "$file" ] || . "$file"
done
printf 'menuentry guest {\n\tlinux\t/vmlinuz ro %s\n}\n' "$GRUB_CMDLINE_LINUX_DEFAULT" >"$2"
END
cat >/usr/bin/systemd-run <<'END'
#!/bin/sh
echo "$*" >>/host/systemd-run
END
chmod +x /usr/sbin/update-grub /usr/sbin/grub-mkconfig /usr/bin/systemd-run
