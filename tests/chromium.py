"""Driving a real headless Chromium through its DevTools pipe: clicks, keys, screens, screenshots."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import select
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

PROGRAM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
_KEYS = {"Tab": 9, "Enter": 13, "Home": 36, "ArrowLeft": 37, "ArrowRight": 39, "ArrowDown": 40, "/": 191}
_TEXTS = {"Enter": "\r"}
_PATIENCE = 90
"""Seconds for an answer: a machine may be busy."""
_STARTS = 3
_LOG = "said.log"


CONTRASTS = """(() => {
  const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = (c) => c.slice(0, 3).map(v => v / 255)
    .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (e) => {
    for (; e; e = e.parentElement) {
      const c = rgb(getComputedStyle(e).backgroundColor);
      if (c.length === 3 || c[3] > 0) return c;
    }
    return [255, 255, 255];
  };
  const found = [];
  for (const e of document.querySelectorAll('body *')) {
    const shown = e.getClientRects().length && [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim());
    for (const part of shown ? [null, e.matches('mark') ? '::after' : null] : []) {
      const pair = [light(rgb(getComputedStyle(e, part).color)), light(ground(e))].sort((a, b) => b - a);
      found.push([(pair[0] + 0.05) / (pair[1] + 0.05), e.tagName + '.' + e.className]);
    }
  }
  return found;
})()"""
"""A script: of every element with text its contrast with what is behind it, and its name."""


class NoAnswerError(AssertionError):
    """Chromium is silent, or has ended."""


class Page:
    """A page in a browser; ``requests`` are the addresses that it asked for, ``errors`` what its scripts threw."""

    def __init__(self, send: int, receive: int) -> None:
        self._send, self._receive = send, receive
        self._buffer, self._number, self._session = b"", 0, ""
        self.requests: list[str] = []
        self.errors: list[str] = []
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network"):
            self._call(f"{domain}.enable")

    def open(self, file: Path) -> None:
        self._call("Page.navigate", url=file.as_uri())
        while self.run("document.readyState") != "complete" or self.run("location.href") != file.as_uri():
            pass

    def run(self, script: str) -> Any:
        """The value of a script; what it throws is an AssertionError."""
        answer = self._call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def click(self, selector: str) -> None:
        """Press the mouse where the element is, which must be visible there."""
        where = json.dumps(selector)
        self.run(f"document.querySelector({where}).scrollIntoView({{block: 'center'}})")
        x, y = self.run(
            f"(() => {{ const r = document.querySelector({where}).getClientRects()[0];"
            " return [r.x + r.width / 2, r.y + r.height / 2]; })()"
        )
        hit = self.run(f"document.querySelector({where}).contains(document.elementFromPoint({x}, {y}))")
        assert hit, f"{selector} is covered"
        for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
            button = {} if kind == "mouseMoved" else {"button": "left", "clickCount": 1}
            self._call("Input.dispatchMouseEvent", type=kind, x=x, y=y, **button)

    def press(self, key: str) -> None:
        number = _KEYS.get(key) or ord(key.upper())
        text = _TEXTS.get(key, key if len(key) == 1 else "")
        code: dict[str, Any] = {"key": key, "code": key, "windowsVirtualKeyCode": number}
        code |= {"text": text} if text else {}
        for kind in ("keyDown", "keyUp"):
            self._call("Input.dispatchKeyEvent", type=kind, **code)

    def screen(self, width: int, height: int, *, reduced_motion: bool = True) -> None:
        self._call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        value = "reduce" if reduced_motion else "no-preference"
        self._call("Emulation.setEmulatedMedia", features=[{"name": "prefers-reduced-motion", "value": value}])

    def downloads(self, folder: Path) -> None:
        """Where files that the page offers are saved."""
        self._call("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(folder))

    def screenshot(self, file: Path) -> None:
        file.write_bytes(base64.b64decode(self._call("Page.captureScreenshot")["data"]))

    def _call(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        try:
            os.write(self._send, json.dumps(message).encode() + b"\0")
        except BrokenPipeError:
            raise NoAnswerError("it has ended") from None
        while True:
            answer = self._read()
            if answer.get("id") == self._number:
                assert "error" not in answer, (method, answer)
                return dict(answer["result"])
            if answer.get("method") == "Network.requestWillBeSent":
                self.requests.append(answer["params"]["request"]["url"])
            if answer.get("method") == "Runtime.exceptionThrown":
                self.errors.append(json.dumps(answer["params"]))

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._receive], [], [], _PATIENCE)
            data = os.read(self._receive, 1 << 16) if ready else b""
            if not data:
                raise NoAnswerError("it has ended" if ready else f"no answer within {_PATIENCE} s")
            self._buffer += data
        line, _, self._buffer = self._buffer.partition(b"\0")
        return dict(json.loads(line))


@contextmanager
def chromium(profile: Path) -> Iterator[Page]:
    """A page of a new Chromium; it ends with the context.

    A machine on which Chromium does not start is one without Chromium: the test is skipped, with what Chromium said.
    """
    assert PROGRAM is not None
    for attempt in range(1, _STARTS + 1):
        folder = profile.with_name(f"{profile.name}-{attempt}")
        folder.mkdir(parents=True)
        with _process(PROGRAM, folder) as (send, receive):
            try:
                page = Page(send, receive)
            except NoAnswerError as silence:
                said = f"{silence}: {(folder / _LOG).read_text(errors='replace')[-500:]}"
                continue
            yield page
            return
    pytest.skip(f"{PROGRAM} was started {_STARTS} times and did not answer: {said}")


@contextmanager
def _process(program: str, profile: Path) -> Iterator[tuple[int, int]]:
    """Chromium, with the ends of the pipes for commands and for answers; it is killed at the end."""
    commands_out, commands_in = os.pipe()
    answers_out, answers_in = os.pipe()
    # Chromium reads commands from descriptor 3 and answers on 4: copies above both, so that neither replaces the other.
    command, answer = (fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in (commands_out, answers_in))
    plumbing = f'exec 3<&{command} 4>&{answer}; exec "$0" "$@"'
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--remote-debugging-pipe"]
    with (profile / _LOG).open("wb") as log:
        process = subprocess.Popen(
            ["bash", "-c", plumbing, program, *options, f"--user-data-dir={profile}", "about:blank"],
            pass_fds=(command, answer),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    for end in (commands_out, answers_in, command, answer):
        os.close(end)
    try:
        yield commands_in, answers_out
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        os.close(commands_in)
        os.close(answers_out)
