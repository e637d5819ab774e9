"""The outer machines: a node each, with stand-in GPUs, and the QEMU that runs them without KVM."""

from pathlib import Path

IOMMU = 'intel-iommu,intremap=on,caching-mode=on'
NAMES = {  # what QEMU gets for the IOMMU, and what the kernel is told
    'node': ([IOMMU], 'intel_iommu=on'),
    'node-without-remapping': (['intel-iommu,intremap=off,caching-mode=on'], 'intel_iommu=on'),
    'node-without-iommu': ([], ''),
}
# How many of each share its scenarios, and how many run at a time, with one CPU each.
PARTS = {'node': 2, 'node-without-remapping': 1, 'node-without-iommu': 1}
AT_A_TIME = 2
MEMORY = '2560M'


def devices(folder):
    """QEMU's arguments for what is plugged in; FOLDER has the devices' own ROM."""
    rom = f'romfile={folder}/own.rom'
    plugged = [
        # What the node itself shows its console on.
        'pcie-root-port,id=console,bus=pcie.0,addr=0x4,chassis=1',
        'VGA,bus=console,romfile=',
        # A GPU and its sound, as a card has them.
        'pcie-root-port,id=card,bus=pcie.0,addr=0x5,chassis=2',
        f'VGA,bus=card,addr=0x0.0x0,multifunction=on,{rom}',
        'intel-hda,bus=card,addr=0x0.0x1',
        # A conventional bridge: all behind it is one group.
        'pcie-root-port,id=bridged,bus=pcie.0,addr=0x6,chassis=3',
        'pcie-pci-bridge,id=bridge,bus=bridged',
        f'VGA,bus=bridge,addr=0x1,{rom}',
        'e1000,bus=bridge,addr=0x2,romfile=',
        # A device that sleeps when nobody has it.
        'pcie-root-port,id=sleeper,bus=pcie.0,addr=0x7,chassis=4',
        'e1000e,bus=sleeper,romfile=',
        # Two ports without ACS: what is behind one is in the other's group.
        'pcie-root-port,id=open1,bus=pcie.0,addr=0x8.0x0,multifunction=on,disable-acs=on,chassis=5',
        'pcie-root-port,id=open2,bus=pcie.0,addr=0x8.0x1,disable-acs=on,chassis=6',
        f'VGA,bus=open1,{rom}',
        'e1000e,bus=open2,romfile=',
        # SR-IOV.
        'pcie-root-port,id=sriov,bus=pcie.0,addr=0x9,chassis=7',
        'igb,bus=sriov,romfile=',
        # For what is plugged in later.
        'pcie-root-port,id=later,bus=pcie.0,addr=0xa,chassis=8',
    ]
    return [argument for device in plugged for argument in ('-device', device)]


# Larger than the window of a port that was empty when the firmware gave windows out.
LARGE = {'driver': 'bochs-display', 'id': 'large', 'bus': 'later', 'vgamem': 256 << 20, 'romfile': ''}


def qemu(root):
    """The QEMU of a Debian root, run where it is: its own loader finds its libraries."""
    libraries = root / 'usr/lib/x86_64-linux-gnu'
    return [root / 'lib64/ld-linux-x86-64.so.2', '--library-path', f'{libraries}:{libraries}/pulseaudio',
            root / 'usr/bin/qemu-system-x86_64', '-L', root / 'usr/share/seabios', '-L', root / 'usr/share/qemu']


def environment(root):
    return {'PATH': '/usr/bin:/bin', 'QEMU_MODULE_DIR': str(root / 'usr/lib/x86_64-linux-gnu/qemu')}


def command(name, label, root, machine, folder):
    """The machine NAME, which LABEL tells from others of its kind. MACHINE is what make-machine made; FOLDER has the
    scenarios' disk and the devices' ROM, and takes logs and sockets."""
    iommu, kernel = NAMES[name]
    # no_timer_check: where this machine is busy, the kernel takes late timer interrupts for none, and panics.
    disk = 'driver=raw,if=none,readonly=on'
    return ['setpriv', '--pdeathsig', 'KILL', *qemu(Path(root)), '-accel', 'tcg,thread=multi', '-cpu', 'qemu64', '-machine', 'q35', '-m', MEMORY, '-smp', '1',
            '-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot', '-monitor', 'none',
            *(argument for device in iommu for argument in ('-device', device)), *devices(folder),
            '-drive', f'{disk},id=root,file={machine}/root.ext4', '-device', 'virtio-blk-pci,drive=root',
            '-drive', f'{disk},id=share,file={folder}/share.ext4', '-device', 'virtio-blk-pci,drive=share',
            '-kernel', f'{machine}/vmlinuz', '-initrd', f'{machine}/initrd',
            '-append', f'no_timer_check console=ttyS0 quiet loglevel=3 panic=-1 rdinit=/init e2e={label} {kernel}',
            '-serial', f'file:{folder}/{label}.log', '-chardev', 'stdio,id=reports,signal=off', '-serial', 'chardev:reports',
            '-qmp', f'unix:{folder}/{label}.qmp,server=on,wait=off']
