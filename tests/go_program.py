"""Building the tests' programs in Go, from Debian's packages alone."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# What ci/dependencies unpacked of Debian trixie comes before what is installed.
INSTALLED = Path("/usr/share/gocode")


def build(source, unpacked, folder):
    """The program of a main.go that needs build/deps/UNPACKED, in a folder."""
    library = ROOT / "build/deps" / unpacked / "usr/share/gocode"
    if not library.exists():
        sys.exit(f"no {unpacked}: run ci/dependencies test")
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "GO111MODULE": "off", "GOPATH": f"{library}:{INSTALLED}",
                   "GOCACHE": str(ROOT / "build/go-cache"), "GOFLAGS": ""}
    program = Path(folder, "main")
    done = subprocess.run(["go", "build", "-o", program, source], env=environment, cwd=source.parent, capture_output=True,
                          text=True, timeout=600)
    if done.returncode:
        sys.exit(f"cannot build {source.name}: {done.stderr}")
    return program
