# shellcheck shell=bash
# machine.sh - a machine under QEMU with pm1 as its init: kernel, disk, console, switch. To be sourced after tests/sh/lib.sh.
#
# Debian's cloud kernel has NVMe, ext4 and the keyboard built in, so the root is a plain ext4 disk and needs no initramfs.

KERNEL=build/cache/vmlinuz
GUEST=tests/boot/guest

get_kernel() {
	[ -s "$KERNEL" ] && return
	local dir name
	dir=$(mktemp -d) || return
	mkdir -p "$(dirname "$KERNEL")"
	name=$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/.*Depends: \(linux-image-.*\)/\1/p' | head -1)
	if [ -z "$name" ]; then # no package lists on this machine yet
		apt-get update -q >/dev/null
		name=$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/.*Depends: \(linux-image-.*\)/\1/p' | head -1)
	fi
	t_say "fetching ${name:-a kernel}"
	(cd "$dir" && apt-get download "$name" >/dev/null 2>&1 && dpkg -x ./*.deb x) && mv "$dir"/x/boot/vmlinuz-* "$KERNEL"
	rm -rf "$dir"
	[ -s "$KERNEL" ] || t_fail "no kernel: apt-get download $name failed"
}

# disk_new IMAGE INI: a root with pm1, busybox, the test programs and that INI ("": none).
disk_new() {
	local tree=$1.tree tool
	mkdir -p "$tree"/{bin,sbin,etc,dev,proc,sys,run,tmp,var/log,root,mnt,test}
	cp build/pm1 "$tree/sbin/init"
	ln -s /sbin/init "$tree/bin/pm1"
	cp "$(command -v busybox)" "$tree/bin/busybox"
	for tool in sh cat grep sleep usleep mount hostname ip ping kill ps wc tr cp rm echo touch ls; do
		ln -s busybox "$tree/bin/$tool"
	done
	cp build/prog "$tree/bin/prog"
	cp "$GUEST"/*.sh "$tree/test/"
	cp "$GUEST"/*.ini "$tree/etc/"
	[ -z "$2" ] || cp "$GUEST/$2" "$tree/etc/pm1.ini"
	echo boxed >"$tree/etc/hostname"
	printf 'root:x:0:0::/root:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n' >"$tree/etc/passwd"
	printf 'root:x:0:\nnogroup:x:65534:\n' >"$tree/etc/group"
	truncate -s 64M "$1"
	mkfs.ext4 -q -d "$tree" "$1"
	rm -rf "$tree"
}

# machine_on IMAGE [KERNEL-WORD...]: switches it on. Its console is $console, and what is written to fd 9 is typed there.
machine_on() {
	local image=$1
	shift
	console=$image.console
	monitor=$image.qmp
	rm -f "$image.in"
	mkfifo "$image.in"
	: >"$console"
	# KVM hangs on machines that are virtual themselves: TCG.
	qemu-system-x86_64 -accel tcg -cpu max -m 512 -display none -monitor none -no-reboot -net none \
		-serial stdio -qmp "unix:$monitor,server,nowait" \
		-drive "file=$image,if=none,id=disk,format=raw" -device nvme,serial=1,drive=disk \
		-kernel "$KERNEL" -append "console=ttyS0 quiet panic=-1 root=/dev/nvme0n1 rw rootwait init=/sbin/init $*" \
		<"$image.in" >"$console" 2>&1 &
	machine=$!
	trap machine_cut EXIT # of the case's own subshell: a case that fails leaves no machine behind
	exec 9>"$image.in"
}

console_has() {
	grep -qE -- "$1" "$console"
}

# Waits for a line on the console; shows all of it when it doesn't come.
console_wait() {
	t_wait_until "$LIMIT" console_has_or_off "$1" || true # told below, with what was said
	console_has "$1" || { tail -40 "$console"; t_fail "the console never said: $1"; }
}

console_has_or_off() {
	console_has "$1" || machine_is_off
}

machine_is_off() {
	! grep -qs '^State:[[:space:]]*[A-Y]' "/proc/$machine/status"
}

# Waits until it has switched itself off; it is cut off when it doesn't.
machine_off() {
	local status=0
	t_wait_until "$LIMIT" machine_is_off || status=1
	[ "$status" = 0 ] || tail -40 "$console"
	machine_cut
	return "$status"
}

machine_cut() {
	exec 9>&-
	[ -n "${machine:-}" ] || return 0
	kill "$machine" 2>/dev/null || true # it may be off
	wait "$machine" 2>/dev/null || true
	machine=
}

# A word to QEMU's monitor, by its protocol.
monitor_say() {
	printf '{"execute":"qmp_capabilities"}\n%s\n' "$1" | socat -t 5 - "UNIX-CONNECT:$monitor"
}

ctrl_alt_del() {
	local key keys=
	for key in ctrl alt delete; do
		keys="$keys${keys:+,}{\"type\":\"qcode\",\"data\":\"$key\"}"
	done
	monitor_say "{\"execute\":\"send-key\",\"arguments\":{\"keys\":[$keys]}}"
}

# Whether the disk was unmounted: no journal to replay, no fault.
disk_is_clean() {
	t_not sh -c "dumpe2fs -h '$1' 2>/dev/null | grep -q needs_recovery"
	e2fsck -fn "$1"
}
