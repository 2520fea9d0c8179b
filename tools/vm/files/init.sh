#!/bin/sh
# First program of the guest: mounts, loads the drivers that udev would load, configures the network that leads to the
# host, and hands over to the agent, which does what the host asks for.
export PATH=/sbin:/bin:/usr/sbin:/usr/bin HOME=/tmp
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev 2>/dev/null
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs tmp /tmp
mount -t tmpfs run /run
mount -t debugfs debugfs /sys/kernel/debug
exec >/dev/console 2>&1 </dev/console
ip link set lo up
modprobe -a virtio_pci virtio_net virtio_console 9pnet_virtio 9p virtio_rng
mount -t 9p -o trans=virtio,version=9p2000.L,msize=262144 host /host
# Cached: nobody changes it, and each start of Node.js would else read 100 MB through the emulator.
mount -t 9p -o trans=virtio,version=9p2000.L,msize=1048576,cache=loose,ro node /opt
printf '#!/bin/sh\nexec /opt/lib/ld-linux-x86-64.so.2 --library-path /opt/lib /opt/node "$@"\n' >/bin/node
chmod 755 /bin/node
modprobe -a igb igbvf
for n in /sys/class/net/*; do
  case "$(readlink "$n/device/driver")" in
  */virtio_net)
    ip link set "${n##*/}" up
    ip addr add 10.0.2.15/24 dev "${n##*/}"
    ip route add default via 10.0.2.2
    ;;
  esac
done
# What else this guest does at its start.
[ -x /etc/rc ] && /etc/rc
echo "booted $(uname -r) in $(cut -d' ' -f1 /proc/uptime) s"
node /host/programs/agent.mjs
echo "the agent ended with exit code $?"
poweroff -f
