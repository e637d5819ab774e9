"""ROMs that Debian ships: what `rom inspect` says of them, and what holds for
each of them whatever its version.

Where a package has the version that the expected file was made with, the
whole text is compared; otherwise this is said, and the rules alone hold.
"""

import json
import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent

# Package, version of the expected files, where its ROMs are, and below which folder it was unpacked if not installed.
PACKAGES = [
    ("seabios", "1.16.2-1", "/usr/share/seabios/vgabios-*.bin", None),
    ("vgabios", "0.8a+ds-2", "/usr/share/vgabios/vgabios-*.bin", None),
    ("ipxe-qemu", "1.0.0+git-20190125.36a4c85-5.1", "/usr/lib/ipxe/qemu/*.rom", None),
    ("qemu-system-data", "1:7.2+dfsg-7+deb12u18", "/usr/share/qemu/*.bin", None),
    ("ipxe-qemu", "1.21.1+git20250501.dad20602+dfsg-1", "/usr/share/qemu/*.rom", ROOT / "build/deps/ipxe-trixie"),
]
# They hold a PCI option ROM; the other files of these packages are firmware or ISA images.
WITHOUT_PCIR = {"vgabios-isavga.bin", "vgabios-ramfb.bin"}


def version_of(package, root):
    if root:  # as dpkg-deb -f writes the two
        lines = (root / "version").read_text().splitlines()
        return lines[lines.index(f"Package: {package}") + 1].removeprefix("Version: ")
    done = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", package], capture_output=True, text=True)
    return done.stdout if done.returncode == 0 else None


def files_of(pattern, root):
    return sorted((root or Path("/")).glob(pattern.lstrip("/")))


def report(hook, file):
    done = subprocess.run([hook, "rom", "inspect", "--output", "json", file.name], cwd=file.parent,
                          capture_output=True, timeout=60)
    return json.loads(done.stdout)[0]


def broken_rules(hook, file):
    """What no version of such a file may break."""
    told = report(hook, file)
    is_rom = file.suffix == ".rom" or file.name.startswith("vgabios")
    if is_rom and file.name not in WITHOUT_PCIR:
        errors = [finding["text"] for finding in told["findings"] if finding["level"] == "error"]
        if errors or not told["images"]:
            yield f"is refused: {errors}"
            return
        yield from broken_tools(hook, file)
    for image in told["images"]:
        if image["type"] == "efi" and image["efi"].get("driverMachine") != "8664":
            yield f"its EFI driver is not read: {image['efi']}"
        if image["type"] == "x86" and image["sum"] != 0:
            yield f"its x86 image sums to {image['sum']}"


def broken_tools(hook, file):
    """Cut out, split and joined, it is what it was."""
    def ours(*words):
        done = subprocess.run([hook, "rom", *words], cwd=folder, capture_output=True, timeout=60)
        if done.returncode:
            raise RuntimeError(done.stderr.decode())

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        try:
            ours("trim", file, "trimmed")
            ours("split", "trimmed", "parts")
            ours("join", *sorted(Path("parts", part.name) for part in (folder / "parts").glob("*.rom")), "joined")
        except RuntimeError as error:
            yield str(error)
            return
        trimmed, joined = (folder / "trimmed").read_bytes(), (folder / "joined").read_bytes()
        if not file.read_bytes().startswith(trimmed):
            yield "its trimmed chain is not its start"
        if joined != trimmed:
            yield "split and joined it is another"


def tell(hook, files):
    """The trees of all files of a package, without their folder."""
    text = ""
    for file in files:
        done = subprocess.run([hook, "rom", "inspect", file.name], cwd=file.parent, capture_output=True, timeout=60)
        text += done.stdout.decode() + f"[exit {done.returncode}]\n"
    return text


def check(hook, compare):
    """One result a package."""
    for package, expected_version, pattern, root in PACKAGES:
        name = f"real/{package}-{expected_version.replace(':', '.')}"
        version, files = version_of(package, root), files_of(pattern, root)
        if not version or not files:
            print(f"FAILED {name}: {package} is not there: run ci/dependencies test")
            yield False
            continue
        broken = [f"{file.name}: {rule}" for file in files for rule in broken_rules(hook, file)]
        for line in broken:
            print(f"FAILED {package} {version}: {line}")
        if version != expected_version:
            print(f"NOTE: {package} has version {version}, the expected text is of {expected_version}: not compared")
        yield not broken and (version != expected_version or compare(name, tell(hook, files)))
