"""The commands as docs/cli.md."""
from cli_help import PROGRAM

HEAD = """# Commands

<!-- Made by ci/reference/make from what `--help` says: change it there. -->

Each command explains itself with `--help`; manual pages and completions for bash, zsh and fish come with a release. All of
them, and this page, are made from the same tables.

| exit status | of every command |
|---|---|
| 0 | fine |
| 1 | what was looked at is bad or refused, or something failed: standard error says what |
| 2 | `check` alone: what was to be looked at cannot be seen |
| 64 | wrong usage: nothing was done |

Errors and warnings go to standard error. A result on standard output or in a file is whole, or there is none.

```console
$ kubevirt-gpu-hook rom verify missing.rom --device 1002:1681
error: cannot open missing.rom: No such file or directory
$ echo $?
1
$ kubevirt-gpu-hook rom verify
kubevirt-gpu-hook rom verify: --device is needed
Try `kubevirt-gpu-hook rom verify --help' or `kubevirt-gpu-hook rom verify
--usage' for more information.
$ echo $?
64
```

"""


def code(text):
    return f"`{text}`"


def cell(text):
    return text.replace("|", "\\|")


def option_names(option):
    argument = f"[={option.argument}]" if option.optional else f"={option.argument}" if option.argument else ""
    return ", ".join(code(name) for name in [option.short, option.long + argument] if name)


def section(command):
    yield f"{'##' if len(command.words) == 1 else '###'} {' '.join(command.words)}\n"
    for form in command.synopsis:
        yield code(" ".join(filter(None, [command.name, "COMMAND" if command.commands else "", "[OPTION...]", form]))) + "\n"
    yield command.about + "\n"
    if command.notes:
        yield command.notes + "\n"
    if command.commands:
        yield "| command | does |\n|---|---|"
        for name, text in command.commands:
            yield f"| [{name}](#{'-'.join([*command.words, name])}) | {cell(text)} |"
        yield ""
    options = [option for option in command.options if option.long not in ("--help", "--usage")]
    if options:
        yield "| option | |\n|---|---|"
        for option in options:
            yield f"| {cell(option_names(option))} | {cell(option.text)} |"
        yield ""
    if command.examples:
        yield "Examples:\n\n" + "\n".join("    " + line for line in command.examples) + "\n"
    if command.statuses:
        yield "Exit status: " + ", ".join(f"{number} {meaning}" for number, meaning in command.statuses) + ".\n"


def text(commands):
    lines = [HEAD + f"## {PROGRAM}\n", commands[0].about.partition(" Version ")[0] + "\n", "| command | does |\n|---|---|"]
    lines += [f"| [{name}](#{name}) | {cell(line)} |" for name, line in commands[0].commands]
    lines += [""]
    for command in commands[1:]:
        lines += section(command)
    return "\n".join(lines).rstrip() + "\n"
