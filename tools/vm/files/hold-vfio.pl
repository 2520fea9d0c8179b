# Opens a PCI device through VFIO as a virtual machine monitor does, prints "holding", and closes it when its standard
# input ends: perl hold-vfio.pl 0000:01:10.0 [--device-only]
# With --device-only it closes the group, by which others can see who has the device.
$| = 1;
my $address = shift;
my ($group) = readlink("/sys/bus/pci/devices/$address/iommu_group") =~ m{([0-9]+)$};
sub fail { print "$_[0]: $!\n"; exit 1 }
open(my $container, '+<', '/dev/vfio/vfio') or fail('container');
open(my $device_group, '+<', "/dev/vfio/$group") or fail('group');
# The numbers are those of linux/vfio.h: _IO(';', 100 + n).
ioctl($device_group, 0x3b68, pack('i', fileno($container))) or fail('VFIO_GROUP_SET_CONTAINER');
ioctl($container, 0x3b66, 1) or fail('VFIO_SET_IOMMU');
my $name = "$address\0";
ioctl($device_group, 0x3b6a, $name) or fail('VFIO_GROUP_GET_DEVICE_FD');
if (($ARGV[0] // '') eq '--device-only') { close($device_group); close($container) }
print "holding\n";
1 while <STDIN>;
