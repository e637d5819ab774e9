"""What the binary's --help says of its commands, as data: the one source of the man pages, completions and docs/cli.md."""
import dataclasses
import os
import re
import subprocess

PROGRAM = "kubevirt-gpu-hook"
# One line for each option and paragraph, however long: argp's own variable (glibc manual, "Argp User Customization").
FORMAT = "rmargin=4000,no-dup-args-note"


@dataclasses.dataclass
class Option:
    short: str  # "-o", or ""
    long: str  # "--output"
    argument: str  # "json|text", or ""
    optional: bool  # the argument may be left out
    text: str

    @property
    def choices(self):
        """The words of "json|text", or those that the text begins with: "MutateDomain: Boot (default), A or B". Of "FILE|KEY",
        which are kinds of things, none."""
        parts = self.argument.split("|")
        if len(parts) > 1:
            return parts if all(re.fullmatch(r"\w+", part) and not part.isupper() for part in parts) else []
        listed = re.match(r"(?:[A-Za-z][\w, ]*: )?([\w-]+(?: \(default\))?(?:, [\w-]+(?: \(default\))?)* or [\w-]+)\b", self.text)
        return re.findall(r"[\w-]+", re.sub(r"\(default\)| or ", " ", listed[1])) if self.argument and listed else []


@dataclasses.dataclass
class Command:
    words: list  # ["rom", "extract"]; [] is the program itself
    synopsis: list  # what may stand behind the name, without "[OPTION...]"; one or several forms
    about: str
    summary: str = ""  # its line in the table of commands
    options: list = dataclasses.field(default_factory=list)
    notes: str = ""
    examples: list = dataclasses.field(default_factory=list)  # lines, as they stand
    statuses: list = dataclasses.field(default_factory=list)  # (number, meaning)
    commands: list = dataclasses.field(default_factory=list)  # where it is a table of commands

    @property
    def name(self):
        return " ".join([PROGRAM, *self.words])


OPTION = re.compile(r"^  (?:(-\S)(?:, | ))?\s*(--[a-z][a-z-]*)(?:(\[)?=([^\]\s]+)\]?)?(?:\s+(\S.*))?$")
TABLE_ROW = re.compile(r"^  ([a-z][a-z-]*) +(\S.*)$")


def help_text(hook, words):
    result = subprocess.run([hook, *words, "--help"], env={**os.environ, "ARGP_HELP_FMT": FORMAT}, check=True,
                            capture_output=True, text=True)
    if result.stderr:
        raise ValueError(f"{' '.join(words)} --help: {result.stderr}")
    return result.stdout


def read_tail(command, lines):
    """Notes, examples and exit statuses: what stands behind the options."""
    notes = []
    lines = list(lines)
    while lines:
        line = lines.pop(0)
        if line == "Examples:":
            while lines and lines[0].startswith("  "):
                command.examples.append(lines.pop(0)[2:])
        elif line.startswith("Exit status: "):
            # "0 ready, 1 not ready, 2 unknown (as node-problem-detector takes it), 64 wrong usage."
            parts = re.split(r"(?:^|, )(\d+) ", line[len("Exit status: "):].rstrip("."))
            command.statuses = list(zip(parts[1::2], parts[2::2]))
        elif line:
            notes.append(line)
    command.notes = "\n\n".join(notes)


def parse(words, text):
    head, *rest = text.split("\n\n")
    lines = head.splitlines()
    usage = [line for line in lines if re.match(r"(Usage:|  or: ) " + PROGRAM, line)]
    synopsis = [re.sub(rf"^.*?{' '.join([PROGRAM, *words])}( COMMAND)?( \[OPTION\.\.\.\])?", "", line).strip() for line in usage]
    command = Command(words, synopsis, " ".join(lines[len(usage):]))
    tail = []
    for paragraph in rest:
        # A long name has its text on a line of its own.
        for line in re.sub(r"\n {20,}", "  ", paragraph).splitlines():
            option = OPTION.match(line)
            row = TABLE_ROW.match(line)
            if option and not tail:
                command.options.append(Option(option[1] or "", option[2], option[4] or "", bool(option[3]), option[5]))
            elif row and not command.options and not tail:
                command.commands.append((row[1], row[2]))
            else:
                tail.append(line)
    if command.commands:
        return command  # behind a table stands only how to go on
    read_tail(command, tail)
    return command


def check(command):
    """What a page must have, and that the examples say only what the command takes. Yields sentences."""
    if not command.about.endswith("."):
        yield "the words below the usage are no sentence"
    if command.commands:
        return
    if not command.examples:
        yield "no example"
    if not command.statuses:
        yield "no exit status"
    joined = "\n".join(command.examples).replace("\\\n", " ")
    known = {option.long for option in command.options}
    for line in joined.splitlines():
        if line.startswith(command.name + " ") or line == command.name:
            for option in re.findall(r"(?<=\s)--[a-z-]+", line):
                if option not in known:
                    yield f"the example says {option}, which it does not take"
    if not joined.startswith(command.name):
        yield "the first example is of something else"
    for line in help_lines_too_long(command):
        yield f"a line of an example is longer than a terminal's 80 columns: {line}"


def help_lines_too_long(command):
    return [line for line in command.examples if len(line) > 76]


def read(hook, words=(), summary=""):
    """Yields the command and all below it, in the order of the tables. Raises ValueError when a page lacks something."""
    command = parse(list(words), help_text(hook, words))
    command.summary = summary
    for problem in check(command):
        raise ValueError(f"{command.name} --help: {problem}")
    yield command
    for name, line in command.commands:
        yield from read(hook, [*words, name], line)
