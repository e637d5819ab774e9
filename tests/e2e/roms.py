"""Option ROMs that run: each says its tag at the firmware's debug port, and ends.

SeaBIOS calls an x86 image at its byte 3 (PCI Firmware Specification 3.3, section 5.2); OVMF starts an EFI image as the
driver that it is. QEMU's isa-debugcon has port 0x402.
"""

import struct
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / 'fixtures'))
import mkrom  # noqa: E402

CODE_AT = 0x100
X86_LOOP = bytes.fromhex('ba0204'      # mov dx, 0x402
                         'ac 84c0 7403'  # next: lodsb; test al, al; jz end
                         'ee ebf8')    # out dx, al; jmp next
X64_LOOP = bytes.fromhex('66ba0204 ac 84c0 7403 ee ebf8')  # the same


def marked(tag):
    return f'\n<<{tag}>>\n\0'.encode()


def x86(vendor, device, pci_class, tag, bad_checksum=False):
    """An x86 image."""
    rom = bytearray(mkrom.image('x86', vendor, device, pci_class, size=1024))
    head = bytes.fromhex('9c 60 1e 0e 1f')     # pushf; pusha; push ds; push cs; pop ds
    tail = bytes.fromhex('1f 61 9d 31c0 cb')   # pop ds; popa; popf; xor ax, ax; retf
    text = CODE_AT + len(head) + 3 + len(X86_LOOP) + len(tail)
    code = head + b'\xbe' + struct.pack('<H', text) + X86_LOOP + tail + marked(tag)  # mov si, text
    rom[3:6] = b'\xe9' + struct.pack('<H', CODE_AT - 6)  # jmp
    rom[CODE_AT:CODE_AT + len(code)] = code
    rom[-1] = 0
    rom[-1] = (-sum(rom) + bad_checksum) & 0xFF
    return bytes(rom)


def efi_driver(tag):
    """A PE32+ boot service driver for x86-64, of one section that may stand anywhere."""
    head = bytes.fromhex('56 488d35')          # push rsi; lea rsi, [rip + ...]
    tail = bytes.fromhex('5e 31c0 c3')         # pop rsi; xor eax, eax (EFI_SUCCESS); ret
    code = head + struct.pack('<i', len(X64_LOOP) + len(tail)) + X64_LOOP + tail + marked(tag)
    align, at = 0x1000, 0x200
    optional = struct.pack('<HBBIIIIIQIIHHHHHHIIIIHHQQQQII', 0x20B, 0, 0, 0x200, 0, 0, align, align, 0, align, 0x200,
                           0, 0, 0, 0, 0, 0, 0, 2 * align, at, 0, mkrom.BOOT_SERVICE_DRIVER, 0, 0, 0, 0, 0, 0, 0)
    coff = struct.pack('<4sHHIIIHH', b'PE\0\0', mkrom.X64, 1, 0, 0, 0, len(optional), 0x2022)
    section = struct.pack('<8sIIIIIIHHI', b'.text', len(code), align, 0x200, at, 0, 0, 0, 0, 0x60000020)
    image = b'MZ'.ljust(0x3C, b'\0') + struct.pack('<I', 0x40) + coff + optional + section
    # OVMF runs no ROM whose BAR is 2 KiB, the least there is: with 4 KiB it does.
    return (image.ljust(at, b'\0') + code).ljust(0x1000, b'\0')
