"""The commands as manual pages (man(7) macros), one for each command: kubevirt-gpu-hook-rom-extract.1."""
import re

from cli_help import PROGRAM

SECTION = 1
ENVIRONMENT = {
    "serve": [("CONTAINER_NAME", "The container's name, which KubeVirt sets since 1.6: it becomes part of the socket's name.")],
}
FILES = {
    "serve": [("/var/run/kubevirt-hooks", "KubeVirt's folder for the sockets of hook sidecars."),
              ("/bundle", "The ROM bundle, where nothing else is said."),
              ("/sys", "The node's PCI devices, where nothing else is said.")],
    "node": [("/var/lib/kubelet/pod-resources/kubelet.sock", "The kubelet's socket, which says what devices a pod has."),
             ("/bundle", "The ROM bundle, where nothing else is said.")],
}


def escape(text):
    """For roff: no macros, no hyphens that break when copied."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq").replace("`", "\\(ga").replace("^", "\\(ha")
    text = text.replace("~", "\\(ti")
    return re.sub(r"^\.", r"\\&.", text, flags=re.MULTILINE)


def page_name(words):
    return "-".join([PROGRAM, *words])


def option_heading(option):
    names = [f"\\fB{escape(name)}\\fR" for name in (option.short, option.long) if name]
    argument = f"\\fI{escape(option.argument)}\\fR"
    if not option.argument:
        return ", ".join(names)
    return ", ".join(names) + (f"[={argument}]" if option.optional else f"={argument}")


def synopsis(command):
    for form in command.synopsis:
        yield ".SY " + " ".join(f'"{escape(word)}"' for word in [command.name])
        if command.commands:
            yield "\\fICOMMAND\\fR"
        yield "[\\fIOPTION\\fR...]" + (f" {escape(form)}" if form else "")
        yield ".YS"


def definitions(title, rows):
    yield f".SH {title}"
    for term, text in rows:
        yield from (".TP", term, escape(text))


def page(command, every, version, date):
    """The text of one page. `every`: all commands, for SEE ALSO."""
    name = page_name(command.words)
    summary = command.summary or "GPU passthrough on KubeVirt: ROM files and options for the domain"
    lines = [f'.TH "{escape(name.upper())}" {SECTION} "{date}" "{PROGRAM} {version}" "User Commands"',
             ".nh", ".SH NAME", f"{escape(name)} \\- {escape(summary)}", ".SH SYNOPSIS", *synopsis(command),
             ".SH DESCRIPTION", escape(command.about)]
    for paragraph in filter(None, command.notes.split("\n\n")):
        lines += [".PP", escape(paragraph)]
    if command.commands:
        lines += definitions("COMMANDS", [(f"\\fB{escape(word)}\\fR", text) for word, text in command.commands])
    if command.options:
        lines += [".SH OPTIONS"]
        for option in command.options:
            lines += [".TP", option_heading(option), escape(option.text)]
    if command.statuses:
        lines += definitions("EXIT STATUS", [(f"\\fB{number}\\fR", meaning) for number, meaning in command.statuses])
    key = " ".join(command.words)
    for title, table in (("ENVIRONMENT", ENVIRONMENT), ("FILES", FILES)):
        if key in table:
            lines += definitions(title, [(f"\\fI{escape(term)}\\fR", text) for term, text in table[key]])
    if command.examples:
        lines += [".SH EXAMPLES", ".EX", escape("\n".join(command.examples)), ".EE"]
    lines += [".SH SEE ALSO", ",\n".join(f".BR {escape(page_name(words))} ({SECTION})" for words in related(command, every))]
    return "\n".join(lines).replace(",\n.BR", " ,\n.BR") + "\n"


def related(command, every):
    """The table that the command stands in, and its neighbours there or what is below it."""
    parent = command.words[:-1]
    if command.commands:
        below = [other.words for other in every if other.words[:-1] == command.words and other.words]
        return ([parent] if command.words else []) + below
    return [parent] + [other.words for other in every if other.words and other.words[:-1] == parent and other is not command]


def write(folder, commands, version, date):
    folder.mkdir(parents=True, exist_ok=True)
    for command in commands:
        (folder / f"{page_name(command.words)}.{SECTION}").write_text(page(command, commands, version, date))
