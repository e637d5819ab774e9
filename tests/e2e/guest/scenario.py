"""What a scenario is: a row of the table in docs/e2e.md."""

import json
import re
import sys
import time
import traceback
from pathlib import Path

import grpc

SCENARIOS = {}  # by name: expectation, machine, function


def scenario(name, expectation, on='node'):
    """Declares a scenario: a function that gets the lab, and raises where what it expects is not so. It runs on the machine
    ON. The runner reads these declarations too, without running them: all three are literals."""
    def declare(function):
        SCENARIOS[name] = expectation, on, function
        return function
    return declare


def report(**what):
    """One line to the machine outside."""
    print(json.dumps(what), flush=True)


def mine(wanted):
    """Of WANTED, the names of scenarios by machine, those of this one."""
    told = dict(word.split('=', 1) for word in Path('/proc/cmdline').read_text().split() if '=' in word)
    return wanted[told['e2e']]


def run(names, make_lab):
    """Runs scenarios one after the other, each in a lab of its own, and reports each."""
    for name in names:
        expectation, machine, function = SCENARIOS[name]
        start, problem, lab = time.monotonic(), '', None
        report(begins=name)
        try:
            with make_lab() as lab:
                function(lab)
        except Exception as error:  # whatever it is, it is the result
            where = traceback.extract_tb(error.__traceback__)
            ours = [f'{Path(step.filename).name}:{step.lineno}' for step in where if '/e2e/' in step.filename]
            problem = f'{type(error).__name__}: {error} ({", ".join(ours)})'
            print(name, problem, file=sys.stderr)
        report(scenario=name, expectation=expectation, machine=machine, problem=problem, log=lab.log() if lab else '',
               seconds=round(time.monotonic() - start, 1))


# --- what scenarios expect --------------------------------------------------------------------

def require(condition, problem):
    if not condition:
        raise AssertionError(problem)


def require_in(words, text):
    """All of the words, a string or several, are in the text."""
    for word in [words] if isinstance(words, str) else words:
        require(word in text, f'no "{word}" in: {text[-2000:]}')


def refusal(function, *words, checks=(), code=grpc.StatusCode.FAILED_PRECONDITION):
    """What the hook says when it refuses, which must have all the words, and of host checks name these and no others."""
    try:
        function()
    except grpc.RpcError as error:
        text = error.details()
        require(error.code() is code, f'{error.code().name}: {text}')
        require_in(words, text)
        named = set(re.findall(r'(?:\([\w-]+\): |; )([a-z0-9-]+): ', text))
        require(named == set(checks), f'it fails for {sorted(named)}: {text}')
        return text
    raise AssertionError('the hook does not refuse it')


def failure(function, words):
    """What libvirt says when it cannot start a VM, which must have these words."""
    import libvirt
    try:
        function()
    except libvirt.libvirtError as error:
        require(words in str(error), f'libvirt fails for another reason: {error}')
        return str(error)
    raise AssertionError('libvirt starts it')
