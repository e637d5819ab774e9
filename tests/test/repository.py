"""A user's repository with golden cases, and runs of `test` in it."""

import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from results import parse_junit, parse_tap, parse_text

HERE = Path(__file__).resolve().parent
GOLDEN = HERE.parent / 'golden'
FIXTURES = HERE.parent / 'fixtures'
ENVIRONMENT = {'PATH': os.environ.get('PATH', os.defpath), 'LC_ALL': 'C.UTF-8'}
SECONDS = 60
# Set by run.
HOOK = None
REPORTS = None  # the JUnit files of all runs


class Done:
    """One run of the command: status, out, err, and what its report says: {name: (message, detail) or None}."""

    def __init__(self, done):
        self.status, self.out, self.err = done.returncode, done.stdout, done.stderr
        self.results = {}


def call(*arguments, cwd, env=None, limit=False):
    command = [HOOK, 'test', *map(str, arguments)]
    if limit:
        command = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--inh-caps=-all', *command]
    done = subprocess.run(command, cwd=cwd, env=ENVIRONMENT | (env or {}), timeout=SECONDS, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, errors='surrogateescape')
    if done.returncode not in (0, 1, 64) or 'Sanitizer' in done.stderr or 'runtime error:' in done.stderr:
        raise AssertionError(f'crashed ({done.returncode}): {done.stderr}')
    return Done(done)


class Case(unittest.TestCase):
    """self.top is laid out as a user's repository: lab (bundle), node (host), gpu-tests/igpu (a case that passes)."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.top = Path(folder.name).resolve()
        os.chmod(self.top, 0o755)
        shutil.copytree(FIXTURES / 'bundles' / 'lab', self.top / 'lab', symlinks=True)
        shutil.copytree(FIXTURES / 'hosts' / 'lab', self.top / 'node', symlinks=True)
        self.tests = self.top / 'gpu-tests'
        self.case = self.tests / 'igpu'
        self.make(self.case)

    @staticmethod
    def make(case, golden='igpu-rembrandt', names=('domain',)):
        for folder in ('in', 'out'):
            (case / folder).mkdir(parents=True)
        shutil.copy(GOLDEN / golden / 'vmi.json', case)
        for name in names:
            shutil.copy(GOLDEN / golden / 'in' / f'{name}.xml', case / 'in')
            for kind in ('xml', 'err'):
                if (GOLDEN / golden / 'out' / f'{name}.{kind}').exists():
                    shutil.copy(GOLDEN / golden / 'out' / f'{name}.{kind}', case / 'out')

    def raw(self, *arguments, cwd=None, env=None, limit=False):
        return call(*arguments, cwd=cwd or self.top, env=env, limit=limit)

    text_too = False  # the form for people is looked at, too

    def run_all(self, *arguments, folder='gpu-tests', shared=('--bundle', 'lab', '--sysfs', 'node'), cwd=None):
        """A run as TAP and JUnit, which must agree. Returns it with its results."""
        arguments = (folder, *shared, *arguments)
        report = REPORTS / f'{len(list(REPORTS.iterdir()))}.xml'
        done = self.raw(*arguments, '--output=tap', '--junit', report, cwd=cwd)
        done.results, from_junit = parse_tap(done.out), parse_junit(report.read_text())
        self.assertEqual(list(done.results), list(from_junit))
        for name, result in done.results.items():
            if result:
                message, diff = result
                self.assertEqual(message.removesuffix('\n').replace('\n', '; '), from_junit[name][0])
                self.assertEqual(diff or message, from_junit[name][1])
        failed = [name for name, result in done.results.items() if result]
        self.assertEqual((done.status, done.err), (1 if failed else 0, ''))
        if self.text_too:
            text = self.raw(*arguments, cwd=cwd)
            self.assertEqual(parse_text(text.out), (failed, len(done.results) - len(failed), len(failed)))
            self.assertEqual((text.status, text.err), (done.status, ''))
        return done

    def fails(self, name, *parts, diff=(), **options):
        """Exactly one result fails, with these words."""
        done = self.run_all(**options)
        self.assertEqual(done.status, 1, done.err)
        failed = {key: value for key, value in done.results.items() if value}
        self.assertEqual(list(failed), [name], done.out)
        for part in parts:
            self.assertIn(part, failed[name][0])
        for part in diff:
            self.assertIn(part, failed[name][1])
        return done

    def passes(self, *names, **options):
        done = self.run_all(**options)
        self.assertEqual(done.results, dict.fromkeys(names), done.out + done.err)
        self.assertEqual(done.status, 0)
        return done

    def refused(self, *arguments, status=1, part='', **options):
        """The run as a whole."""
        done = self.raw(*arguments, **options)
        self.assertEqual((done.status, done.out), (status, ''), done.err)
        self.assertIn(part, done.err)
