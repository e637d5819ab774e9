"""Runs the programs of this folder and gives their figures, as {name: number}."""

import os
import platform
import re
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BUILD = ROOT / "build/release"
HOOK = BUILD / "kubevirt-gpu-hook"
BUNDLE = ROOT / "tests/fixtures/bundles/lab"


def environment():
    return {name: value for name, value in os.environ.items() if name != "CONTAINER_NAME"}


def run(*command):
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, text=True, env=environment())
    if done.returncode:
        raise SystemExit(f"bench: this failed ({done.returncode}): {' '.join(map(str, command))}")
    return done.stdout


def numbers(text):
    """From lines that end in a name and a number."""
    return {words[-2]: float(words[-1]) for words in map(str.split, text.splitlines())}


# --- hooks -------------------------------------------------------------------------------------------------------------


def own(vm, *options):
    return [HOOK, "serve", "--socket-dir", "{}", "--bundle", BUNDLE, "--sysfs", vm.sysfs, "--log-level", "error", *options]


def own_watched(vm):
    """For callgrind, which makes system calls of its own in the hook's name."""
    return own(vm, "--disable-sandbox=all")


FLOOR = [BUILD / "bench-floor", "{}/floor.sock"]


def commands(hooks, folder):
    """The arguments for bench: each hook makes its socket in a folder of its own."""
    for name, command in hooks.items():
        Path(folder, name).mkdir()
        yield from ["--hook", name, f"{folder}/{name}", *(str(word).replace("{}", f"{folder}/{name}") for word in command)]


def side_by_side(vm, hooks, starts, calls):
    """{hook: its figures} of hooks given as {name: command}."""
    with tempfile.TemporaryDirectory() as folder:
        text = run(BUILD / "bench", "--starts", starts, "--calls", calls, vm.domain, vm.vmi, *commands(hooks, folder))
    return {name: numbers("\n".join(line for line in text.splitlines() if line.startswith(f"{name} "))) for name in hooks}


# --- what a call costs, counted -------------------------------------------------------------------------------------


def with_calls(vm, kind, calls, watcher, command):
    with tempfile.TemporaryDirectory() as folder:
        run(BUILD / "bench", "--only", kind, "--calls", calls, vm.domain, vm.vmi,
            *commands({"counted": [*watcher, *command]}, folder))


def instructions(vm, kind, calls, command):
    with tempfile.NamedTemporaryFile("r") as file:
        with_calls(vm, kind, calls, ["valgrind", "--log-file=/dev/null", "--tool=callgrind", f"--callgrind-out-file={file.name}"], command)
        return int(re.search(r"^(?:summary|totals): (\d+)", Path(file.name).read_text(), re.MULTILINE)[1])


def system_calls(vm, kind, calls, command):
    """strace as a grandchild (-D): the signal that ends the hook goes to the hook."""
    with tempfile.NamedTemporaryFile("r") as file:
        with_calls(vm, kind, calls, ["strace", "-D", "-f", "-c", "-U", "calls,name", "-o", file.name], command)
        for _ in range(200):
            total = re.search(r"^ *(\d+) total$", Path(file.name).read_text(), re.MULTILINE)
            if total:
                return int(total[1])
            time.sleep(0.05)
    raise SystemExit("bench: strace has counted nothing")


def per_call(count, vm, kind, calls, command):
    """What one more call costs: count is instructions or system_calls."""
    return (count(vm, kind, 2 * calls, command) - count(vm, kind, calls, command)) / calls


# --- bundles, nodes, sizes -----------------------------------------------------------------------------------------


def bundles(count):
    """{"bundle" and "bundle.tar.zst": figures} of a bundle of that many ROMs."""
    with tempfile.TemporaryDirectory() as folder:
        run(BUILD / "bench-bundle", "make", folder, count)
        return {name: numbers(run(BUILD / "bench-bundle", "load", f"{folder}/{name}"))
                for name in ("bundle", "bundle.tar.zst")}


def node(folder, address, runs):
    """Of one GPU's facts and checks, and of `check` on all devices of the node."""
    figures = numbers(run(BUILD / "bench-host", folder, address))
    times = []
    for _ in range(runs):
        begin = time.perf_counter()
        subprocess.run([HOOK, "check", "--sysfs", folder], stdout=subprocess.DEVNULL, check=False, env=environment())
        times.append(time.perf_counter() - begin)
    return {**figures, "check": sorted(times)[runs // 2] * 1e6}


def image_size():
    """The bytes in the image of this machine's architecture, as ci/image has left their number, or None."""
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine())
    files = sorted(ROOT.glob(f"build/image/*-{machine}.size"), key=lambda file: file.stat().st_mtime)
    return int(files[-1].read_text()) if files else None
