#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# soak: 90
# chromium without a window: a page that its script has written, with chromium's
# sandbox and without.

# shellcheck source=tests/soak/both.sh
. "$(dirname -- "$0")/both.sh"
need_packages chromium:chromium

both 75 <<'END'
cat >page.html <<'HTML'
<!DOCTYPE html>
<title>page</title>
<p id="out"></p>
<script>
let text = [];
for (let i = 0; i < 100000; i++)
	text[i % 100] = (text[i % 100] || 0) + Math.sqrt(i) % 1;
const frame = document.createElement('canvas').getContext('2d');
frame.fillRect(2, 2, 5, 5);
const sum = frame.getImageData(0, 0, 9, 9).data.reduce((a, b) => a + b, 0);
document.getElementById('out').textContent =
	`canvas ${sum} float ${text.map(x => x.toFixed(6)).join()}`;
</script>
HTML
for mode in sandbox no-sandbox; do
	option=
	[ "$mode" = sandbox ] || option=--no-sandbox
	chromium --headless $option --disable-gpu --disable-dev-shm-usage \
		--user-data-dir="$PWD/$mode" --dump-dom "file://$PWD/page.html" \
		>dom 2>err
	echo "$mode $? $(grep -o '<p id.*</p>' dom)"
done
END
compare
finish
