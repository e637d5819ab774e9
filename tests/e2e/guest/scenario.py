"""What a scenario is: a row of the table in docs/e2e.md."""

import json
import sys
import time
import traceback
from pathlib import Path

import grpc

SCENARIOS = []
NODE = 'node'
WITHOUT_REMAPPING = 'node-without-remapping'
WITHOUT_IOMMU = 'node-without-iommu'


def scenario(name, expectation, on=NODE):
    """Declares a scenario: a function that gets the lab, and raises where what it expects is not so."""
    def declare(function):
        SCENARIOS.append((name, expectation, on, function))
        return function
    return declare


def report(**what):
    """One line to the machine outside."""
    print(json.dumps(what), flush=True)


def of_this_machine(wanted):
    """The scenarios that this machine is for, or those WANTED of them."""
    machine = next(word[4:] for word in Path('/proc/cmdline').read_text().split() if word.startswith('e2e='))
    return [row for row in SCENARIOS if row[2] == machine and (not wanted or row[0] in wanted)]


def run(scenarios, lab):
    """Runs scenarios one after the other, and reports each."""
    for name, expectation, machine, function in scenarios:
        start, problem = time.monotonic(), ''
        try:
            function(lab)
        except Exception as error:  # whatever it is, it is the result
            where = traceback.extract_tb(error.__traceback__)
            ours = [f'{Path(step.filename).name}:{step.lineno}' for step in where if '/e2e/' in step.filename]
            problem = f'{type(error).__name__}: {error} ({", ".join(ours)})'
            print(name, problem, file=sys.stderr)
        report(scenario=name, expectation=expectation, machine=machine, problem=problem, log=lab.log(),
               seconds=round(time.monotonic() - start, 1))


# --- what scenarios expect --------------------------------------------------------------------

def require(condition, problem):
    if not condition:
        raise AssertionError(problem)


def require_in(words, text):
    """All of the words, a string or several, are in the text."""
    for word in [words] if isinstance(words, str) else words:
        require(word in text, f'no "{word}" in: {text[-2000:]}')


def refusal(function, *words, code=grpc.StatusCode.FAILED_PRECONDITION):
    """What the hook says when it refuses, which must have all the words."""
    try:
        function()
    except grpc.RpcError as error:
        require(error.code() is code, f'{error.code().name}: {error.details()}')
        require_in(words, error.details())
        return error.details()
    raise AssertionError('the hook does not refuse it')


def failure(function, *words):
    """What libvirt says when it cannot start a VM, which must have one of the words."""
    import libvirt
    try:
        function()
    except libvirt.libvirtError as error:
        require(any(word in str(error) for word in words), f'libvirt fails for another reason: {error}')
        return str(error)
    raise AssertionError('libvirt starts it')
