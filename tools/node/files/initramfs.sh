#!/bin/sh
# Mounts the first disk and goes on there: containers cannot be run from the root of an initramfs.
mount -t devtmpfs dev /dev
mount -t proc proc /proc
modprobe -a virtio_pci virtio_blk crc32c_generic ext4
mount -t ext4 -o noatime /dev/vda /new
umount /proc
exec switch_root /new /init
