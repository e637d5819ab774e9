"""The Markdown of our documents, as far as the runner needs it: fences, directives, headings and links. Pure."""

import re
from dataclasses import dataclass, field

FENCE = re.compile(r'^( *)(`{3,}|~{3,})(.*)$')
HIDDEN_FENCE = re.compile(r'^[ \t>]*(?:`{3,}|~{3,})')
LANGUAGES = ('console', 'sh', 'yaml', 'json', 'xml', 'text', '')
# What a reader would type, in a block that nobody executes.
TYPED = re.compile(r'^ *(?:[$] |(?:sudo +)?(?:kubectl|virtctl|kubevirt-gpu-hook) )', re.MULTILINE)
INFO = re.compile(r'^(?P<language>[\w+-]*)(?: +title="(?P<title>[^"]+)")?$')
COMMENT = re.compile(r'^ *<!--(.*?)-->\s*$', re.DOTALL)
DIRECTIVE = re.compile(r'^(run|node|not run|note):\s*(.*)$', re.DOTALL)
LINK = re.compile(r'!?\[(?:[^\[\]]|\[[^\]]*\])*\]\(<?([^()\s>]*(?:\([^()]*\))?[^()\s>]*)>?(?: "[^"]*")?\)')


class Bad(Exception):
    """What is wrong with a document, and its line, from 1."""

    def __init__(self, line, text):
        super().__init__(text)
        self.line = line


@dataclass
class Command:
    """One command of a console block, and the lines of output that are expected of it."""
    line: int
    text: str
    expected: list = field(default_factory=list)
    first: int = 0  # the lines of the document with what is expected: [first, last), from 0
    last: int = 0


@dataclass
class Block:
    """Something between fences, or a directive: `kind` is then the directive's word."""
    line: int
    kind: str  # "fence", "run", "node" or "not run"
    text: str
    language: str = ''
    title: str = ''
    reason: str = ''  # why it is not run
    indent: str = ''
    commands: list = field(default_factory=list)


def console(block, lines):
    """The commands of a console block. lines are the document's own, for the places of what is expected."""
    number = block.line  # the first line behind the fence, from 0
    end = number + len(block.text.splitlines())
    while number < end:
        text = lines[number].removeprefix(block.indent)
        if not text.startswith('$ '):
            raise Bad(number + 1, 'a console block begins with "$ ", and each of its commands')
        command = Command(number + 1, text[2:])
        number += 1
        while command.text.endswith('\\'):
            if number == end:
                raise Bad(number, 'the command goes on behind the end of its block')
            command.text += '\n' + re.sub(r'^> ?', '', lines[number].removeprefix(block.indent))
            number += 1
        command.first = number
        while number < end and not lines[number].removeprefix(block.indent).startswith('$ '):
            command.expected.append(lines[number].removeprefix(block.indent).rstrip())
            number += 1
        # Empty lines between commands are for the eye.
        while command.expected and not command.expected[-1]:
            command.expected.pop()
        if command.expected and all(line.strip() in ('...', '[...]') for line in command.expected):
            raise Bad(command.first + 1, 'what is expected says nothing: anything would fit')
        command.last = command.first + len(command.expected)
        block.commands.append(command)


def comment(lines, number):
    """(the comment that begins at a line, the line behind it), or (None, number)."""
    if not lines[number].lstrip().startswith('<!--'):
        return None, number
    for end in range(number, len(lines)):
        if '-->' in lines[end]:
            found = COMMENT.match('\n'.join(lines[number:end + 1]))
            if not found:
                raise Bad(number + 1, 'a comment has lines of its own')
            return found[1].strip(), end + 1
    raise Bad(number + 1, 'a comment that does not end')


def directive(text, line):
    found = DIRECTIVE.match(text)
    if found and found[2].strip():
        return found[1], found[2].strip()
    # Other comments are for people, or marks for other programs.
    if re.match(r'\w+(?: \w+)?:', text) or text.split(' ')[0] in ('run', 'node', 'not'):
        raise Bad(line, f'unknown directive: {text.splitlines()[0]}')
    return 'note', text


def fence(lines, number):
    """The block that a fence at this line opens, and the line behind it."""
    indent, ticks, info = FENCE.match(lines[number]).groups()
    found = INFO.match(info.strip())
    if ticks[0] == '~' or not found:
        raise Bad(number + 1, f'a fence is ``` with a language and title="FILE": {lines[number].strip()}')
    if found['language'] not in LANGUAGES:
        raise Bad(number + 1, f'{found["language"]} is none of the languages {", ".join(LANGUAGES[:-1])}')
    for end in range(number + 1, len(lines)):
        if re.match(rf'^ *{ticks}`* *$', lines[end]):
            text = ''.join(line.removeprefix(indent) + '\n' for line in lines[number + 1:end])
            block = Block(number + 1, 'fence', text, found['language'], found['title'] or '', indent=indent)
            return block, end + 1
    raise Bad(number + 1, 'a fence that is not closed')


def blocks(text):
    """What is to be done, in the document's order."""
    lines = text.splitlines()
    result, reason, number = [], '', 0
    while number < len(lines):
        if FENCE.match(lines[number]):
            block, after = fence(lines, number)
            block.reason, reason = reason, ''
            if block.language == 'console' and not block.reason:
                if block.title:
                    raise Bad(block.line, 'a console block has no title')
                console(block, lines)
            elif block.language != 'sh' and not block.title and not block.reason and TYPED.search(block.text):
                raise Bad(block.line, 'commands that are only shown: say console or sh, or "not run" and why')
            result.append(block)
            number = after
            continue
        said, after = comment(lines, number)
        if said is None:
            if re.match(r'^ *(?:[-*+]|\d+\.) +(?:```|~~~|<!--)', lines[number]):
                raise Bad(number + 1, 'a fence or a directive in a list has a line of its own')
            if HIDDEN_FENCE.match(lines[number]):
                raise Bad(number + 1, 'a fence behind a tab or in a quotation: nobody would execute it')
            if '<!--' in without_code(lines[number]):
                raise Bad(number + 1, 'a comment has lines of its own')
            if reason and lines[number].strip():
                raise Bad(number + 1, '"not run" stands directly before its block')
            number += 1
            continue
        word, value = directive(said, number + 1)
        if reason:
            raise Bad(number + 1, '"not run" stands directly before its block')
        if word == 'not run':
            reason = value
        elif word != 'note':
            result.append(Block(number + 1, word, value))
        number = after
    if reason:
        raise Bad(len(lines), '"not run" stands directly before its block')
    return result


def without_code(line):
    """The line with blanks for what stands in backticks."""
    return re.sub(r'`[^`]*`', lambda code: '`' + ' ' * (len(code[0]) - 2) + '`', line)


# --- links ------------------------------------------------------------------------------------

def prose(text):
    """(line, text) of what is neither in a fence nor in backticks."""
    inside = None
    for number, line in enumerate(text.splitlines(), 1):
        found = FENCE.match(line)
        if found and (inside is None or line.strip() == inside):
            inside = found[2] if inside is None else None
            continue
        if inside is None:
            yield number, line


def links(text):
    """(line, target) of each link."""
    for number, line in prose(text):
        for found in LINK.finditer(without_code(line)):
            yield number, found[1]


def anchors(text):
    """The anchors that GitHub makes of the headings, and those that stand in the text."""
    result = set()
    for _, line in prose(text):
        result |= set(re.findall(r'<a (?:id|name)="([^"]+)"', line))
        found = re.match(r'^#{1,6} +(.*?)(?: +#+)?\s*$', line)
        if not found:
            continue
        words = re.sub(r'\[([^\]]*)\]\([^)]*\)', r'\1', found[1]).lower()
        slug = re.sub(r'[^\w\- ]', '', words).replace(' ', '-')
        name, number = slug, 0
        while name in result:
            number += 1
            name = f'{slug}-{number}'
        result.add(name)
    return result
