/* rom: the table of its commands. */
#include "cmd/rom.h"

#include "cmd/cmd.h"
#include "cmd/command.h"

int cmd_rom(int argc, char **argv) {
    static const struct command commands[] = {
        {"inspect", cmd_rom_inspect, "what is in a file"},
        {"verify", cmd_rom_verify, "will it do for this device under this firmware, and why not"},
        {"trim", cmd_rom_trim, "cut the option ROM out of a dump of the flash chip"},
        {"set-id", cmd_rom_set_id, "give its images another vendor and device ID"},
        {"fix-checksum", cmd_rom_fix_checksum, "make its x86 images sum to 0"},
        {"split", cmd_rom_split, "one file for each image, and for each EFI driver"},
        {"join", cmd_rom_join, "several ROMs as one"},
        {"build-efi", cmd_rom_build_efi, "a ROM of an EFI driver (.efi)"},
        {"extract", cmd_rom_extract, "a device's ROM from this host: from the card, or from the ACPI table VFCT"},
        {"diff", cmd_rom_diff, "what differs between two ROMs"},
    };
    return command_choose("kubevirt-gpu-hook rom",
                          "Looks into option ROMs, judges, repairs and makes them. No input is "
                          "ever changed.",
                          commands, sizeof(commands) / sizeof(commands[0]), argc, argv);
}
