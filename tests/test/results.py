"""What the three forms of results say, read strictly: {name: (message, detail), or None where it passed}."""

import re
import xml.etree.ElementTree as ET

import yaml


def parse_tap(text):
    """{name: (message, diff) or None}, by what TAP 13 says, and nothing beside it."""
    lines = text.split('\n')
    assert lines.pop() == '' and lines[0] == 'TAP version 13', text
    plan = int(re.fullmatch(r'1\.\.(\d+)', lines[1])[1])
    results, number, at = {}, 0, 2
    while at < len(lines):
        if lines[at].startswith('# '):
            at += 1
            continue
        number += 1
        found = re.fullmatch(r'(not )?ok (\d+) - ((?:[^#\\]|\\[#\\])*)', lines[at])
        assert found and int(found[2]) == number, lines[at]
        name = re.sub(r'\\([#\\])', r'\1', found[3])
        assert name not in results, name
        results[name] = None
        at += 1
        if found[1]:
            end = lines.index('  ...', at)
            assert lines[at] == '  ---' and all(line.startswith('  ') or not line for line in lines[at:end]), lines[at:end]
            block = yaml.safe_load('\n'.join(line[2:] for line in lines[at + 1:end]) + '\n')
            results[name] = block['message'], block.get('diff', '')
            at = end + 1
    assert number == plan, (number, plan)
    return results


def parse_junit(text):
    root = ET.fromstring(text)
    results = {}
    for suite in root:
        for case in suite:
            failure = case.find('failure')
            own = case.get('name') == "(the case's files)"
            name = suite.get('name') + ('' if own else '/' + case.get('name'))
            assert case.get('classname') == suite.get('name')
            results[name] = None if failure is None else (failure.get('message'), failure.text)
        assert int(suite.get('tests')) == len(suite), 'the sum of tests'
        assert int(suite.get('failures')) == len(suite.findall('testcase/failure')), 'the sum of failures'
    assert int(root.get('tests')) == len(root.findall('.//testcase'))
    assert int(root.get('failures')) == len(root.findall('.//failure'))
    return results


def parse_text(text):
    """The names of what failed, and the sums."""
    passed, failed = re.search(r'^(\d+) passed, (\d+) failed, in \d+ cases?\n\Z', text, re.MULTILINE).groups()
    return re.findall(r'^FAILED (.*?)(?: \(.*\))?$', text, re.MULTILINE), int(passed), int(failed)
