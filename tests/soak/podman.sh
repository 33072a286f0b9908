#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# soak: 120
# podman with crun: containers of a root of our own, as root of the guest. Not on the
# host, which may forbid it or have containers; what is right is written down here.

# shellcheck source=tests/soak/both.sh
. "$(dirname -- "$0")/both.sh"
need_packages podman:podman crun:crun busybox-static:busybox
disk
mkdir "$T/root" "$T/root/bin" "$T/root/proc" "$T/root/tmp"
cp "$(command -v busybox)" "$T/root/bin/"
for name in sh echo cat id wc ps sleep ls hostname; do
	ln -s busybox "$T/root/bin/$name"
done
tar -C "$T/root" -cf "$T/root.tar" .
cat >"$T/script" <<'END'
mount -t ext4 /dev/ubda "$WORK" && cd "$WORK" || exit 99
mount -t tmpfs tmpfs /run
mountpoint -q /sys/fs/cgroup || mount -t cgroup2 cgroup2 /sys/fs/cgroup
export HOME="$WORK" TMPDIR="$WORK"
podman() {
	command podman --root "$WORK/$driver" --runroot "$WORK/run-$driver" \
		--storage-driver "$driver" --runtime crun \
		--cgroup-manager cgroupfs --events-backend none "$@"
}
for driver in overlay vfs; do
	podman import -q "$T/root.tar" image >/dev/null || exit
	for i in 1 2 3; do
		podman run --rm --network none image sh -c "echo $driver $i \$\$ \$(id -u)"
	done
	podman run --rm --network none image sh -c 'exit 42'
	echo "status $?"
	podman run --rm --network none --memory 64m --pids-limit 20 image \
		sh -c 'echo limits $(cat /sys/fs/cgroup/memory.max) $(cat /sys/fs/cgroup/pids.max)'
	podman run -d --name sleeper --network none image sleep 100 >/dev/null
	podman exec sleeper sh -c 'echo exec $(hostname | wc -c)'
	podman kill sleeper >/dev/null
	podman wait sleeper
	podman rm sleeper >/dev/null
	podman rmi image >/dev/null
	echo "left $(podman ps -aq | wc -l)"
done
END
GUEST_TIMEOUT=100
uml --mem "$MEMORY" --user 0:0 --arg "ubd0=$T/disk" --env WORK="$WORK" --env T="$T" -- \
	sh "$T/script" </dev/null
for driver in overlay vfs; do
	cat <<-END
		$driver 1 1 0
		$driver 2 1 0
		$driver 3 1 0
		status 42
		limits 67108864 20
		exec 13
		137
		left 0
	END
done >"$T/expected"
is "podman: exit status" "$ST" 0
is "podman: what its containers say" "$(out)" "$(cat "$T/expected")"
no_report podman
finish
