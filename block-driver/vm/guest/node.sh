#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# A node of a cluster with the kernel driver, whose daemon runs in a system with Java. Carries out the commands that come from the
# console, one a line, until 'leave'; behind the output of each comes a line 'node: STATUS'.
#   NAME NUMBER     NUMBER: of the machine in the network
#: modules ext4 tharsis
#: programs brickctl ring_writer
#: disks 1G 100M
#: images java
#: memory 1G
#: seconds 500
#: network
name=$1
stty -echo
network "$name" "$2"

# Driver and daemon are told the same paths: the log lies where both see it.
logs=/var/lib/tharsis
system "$(disk 3)"
mkfs.ext4 -q "$(disk 1)"
mkdir -p $logs /system$logs /system/tharsis /run/tharsis
mount "$(disk 1)" $logs
mount -o bind $logs /system$logs
mount -o bind /tharsis /system/tharsis
echo "127.0.0.1 localhost $name" >/system/etc/hosts

# None of the links are there that a package's scripts would make.
THARSIS_JAVA=$(in_system sh -c 'ls /usr/lib/jvm/*/bin/java' | head -n 1)
export THARSIS_JAVA
export THARSIS_JAVA_OPTIONS=-XX:+ErrorFileToStdout
chroot /system /tharsis/bin/tharsisd --config /tharsis/tharsis.conf &
daemon=$!
daemon_answers() {
	kill -0 $daemon || fail "tharsisd has ended"
	[ -S /run/tharsis/tharsis.sock ]
}
until_true 120 daemon_answers

# ---- what the commands are made of, beside those of a shell

tharsis() {
	in_system /tharsis/bin/tharsis "$@"
}

# writing BLOCKS FROM: numbers are written to the device from now on
writing() {
	ring_writer write "$(device vol0)" "$1" 600 "$2" >/tmp/written 2>&1 &
	writer=$!
}

# turned_away: the writer must get an error now; tells how many numbers were acknowledged
turned_away() {
	if wait "$writer"; then
		echo "nobody has turned the writer away"
		return 1
	fi
	tail -n 2 /tmp/written
}

# ----

echo "node: 0"
while read -r command && [ "$command" != leave ]; do
	status=0
	eval "$command" </dev/null >/tmp/output 2>&1 || status=$?
	cat /tmp/output
	echo "node: $status"
done

kill $daemon
wait $daemon || true
for resource in $(ctl list | sed -n 's/^resource=//p'); do
	ctl unexport "$resource" || true
	ctl close "$resource"
done
umount /system$logs $logs
rmmod tharsis
