"""The node, as its admin works on it: which driver has which device, through sysfs alone."""

import contextlib
import itertools
import os
import subprocess
import threading
import time
from pathlib import Path

PCI = Path('/sys/bus/pci')
VFIO = 'vfio-pci'
SECONDS = 10


def device(address):
    """The device's folder."""
    return PCI / 'devices' / address


def write(path, text):
    Path(path).write_text(f'{text}\n')


def read(path):
    return Path(path).read_text().strip()


def wait_until(what, condition, seconds=SECONDS):
    """Returns what the condition does once that is true of something."""
    end = time.monotonic() + seconds
    while not (result := condition()):
        if time.monotonic() > end:
            raise TimeoutError(f'{what}: not within {seconds} s')
        time.sleep(0.05)
    return result


def modprobe(*modules):
    subprocess.run(['modprobe', '--all', *modules], check=True)


def driver_of(address):
    """The driver's name, or None."""
    link = device(address) / 'driver'
    return os.path.basename(os.readlink(link)) if link.exists() else None


def release(address):
    """Takes the device from its driver, and lets no other have it."""
    write(device(address) / 'driver_override', 'none')
    if driver_of(address):
        write(device(address) / 'driver/unbind', address)


def bind(address, driver=VFIO):
    release(address)
    write(device(address) / 'driver_override', driver)
    write(PCI / 'drivers_probe', address)
    if driver_of(address) != driver:
        raise RuntimeError(f'{address} went to {driver_of(address)}, not to {driver}')


def group_of(address):
    return os.path.basename(os.readlink(device(address) / 'iommu_group'))


def find(pci_class):
    """The addresses of a class (as in 038000)."""
    return sorted(path.name for path in (PCI / 'devices').iterdir()
                  if read(path / 'class') == f'0x{pci_class}')


def config_write(address, offset, data):
    """Writes bytes of the configuration space."""
    with open(device(address) / 'config', 'r+b', buffering=0) as file:
        file.seek(offset)
        file.write(data)


def config_read(address, offset, size):
    with open(device(address) / 'config', 'rb', buffering=0) as file:
        file.seek(offset)
        return file.read(size)


@contextlib.contextmanager
def jumping_clock(jumps):
    """The wall clock jumps by each of JUMPS (seconds), one after the other and over and over, some fifty times a second.
    Yields how often, as a list that grows. At the end it is right again."""
    made, done = [], threading.Event()
    wall, start = time.time(), time.monotonic()

    def jump():
        for seconds in itertools.cycle(jumps):
            if done.wait(0.02):
                return
            time.clock_settime(time.CLOCK_REALTIME, wall + seconds)
            made.append(seconds)

    jumper = threading.Thread(target=jump)
    jumper.start()
    try:
        yield made
    finally:
        done.set()
        jumper.join()
        time.clock_settime(time.CLOCK_REALTIME, wall + time.monotonic() - start)


def shell(command):
    """Runs what an admin would type; what it says."""
    done = subprocess.run(['sh', '-c', command], capture_output=True, text=True, timeout=60)
    if done.returncode:
        raise RuntimeError(f'"{command}" ended with {done.returncode}: {done.stdout}{done.stderr}')
    return done.stdout
